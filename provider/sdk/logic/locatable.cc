#include "provider/sdk/logic/locatable.h"

#include <algorithm>
#include <string>
#include <utility>

namespace podwright::sdk::logic {
namespace {

using Steps = std::vector<AttributePath::Step>;

// How many steps a host can follow: through blocks, their labels and places, to an attribute.
std::size_t Followed(const std::vector<Attribute>& attributes, const Steps& steps) {
  const std::vector<Attribute>* level = &attributes;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    const auto* name = std::get_if<AttributePath::AttributeStep>(&steps[at]);
    if (name == nullptr) continue;  // which one of the blocks
    const auto found =
        std::find_if(level->begin(), level->end(), [&](const Attribute& one) { return one.name == name->name; });
    if (found == level->end()) return steps.size();  // not of this schema: as the author said it
    if (!found->block) return at + 1;
    level = &found->attributes;
  }
  return steps.size();
}

AttributePath Beginning(const Steps& steps, std::size_t count) {
  AttributePath path;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* attribute = std::get_if<AttributePath::AttributeStep>(&steps[i])) {
      path = path.Attribute(attribute->name);
    } else if (const auto* key = std::get_if<AttributePath::KeyStep>(&steps[i])) {
      path = path.Key(key->key);
    } else {
      path = path.Index(std::get<AttributePath::IndexStep>(steps[i]).index);
    }
  }
  return path;
}

}  // namespace

Diagnostics Locatable(const Schema& schema, const Diagnostics& diagnostics) {
  Diagnostics out;
  for (Diagnostic item : diagnostics.items()) {
    const Steps& steps = item.path.steps();
    const std::size_t followed = Followed(schema.attributes, steps);
    if (followed < steps.size()) {
      const std::string whole = item.path.ToString();
      const bool said = item.summary.find(whole) != std::string::npos || item.detail.find(whole) != std::string::npos;
      if (!said) item.detail = "At " + whole + (item.detail.empty() ? "." : ": " + item.detail);
      item.path = Beginning(steps, followed);
    }
    out.Add(std::move(item));
  }
  return out;
}

}  // namespace podwright::sdk::logic
