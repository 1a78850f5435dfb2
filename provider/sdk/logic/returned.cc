#include "provider/sdk/logic/returned.h"

#include <string>

#include "provider/sdk/log.h"
#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/wording.h"

namespace podwright::sdk::logic {
namespace {

// The places of all values of write-only attributes.
void FindWriteOnly(const Attributes& attributes, const Value& value, const AttributePath& path,
                   std::vector<AttributePath>& found) {
  for (const Attribute& attribute : attributes) {
    const Value& field = value.Get(attribute.name);
    if (field.is_null()) continue;
    const AttributePath place = path.Attribute(attribute.name);
    if (attribute.write_only) {
      found.push_back(place);
    } else if (attribute.nesting != Nesting::kNone) {
      ForEachNested(attribute, field, place, [&](const Value& object, const AttributePath& inner) {
        FindWriteOnly(attribute.attributes, object, inner, found);
      });
    }
  }
}

}  // namespace

void RefuseUnknown(const Value& value, const char* summary, std::string_view doing, Diagnostics& diagnostics) {
  if (diagnostics.HasError()) return;
  if (const auto unknown = FindUnknown(value)) {
    diagnostics.AddError(
        summary, std::string(doing) + " left an unknown value for ." + unknown->ToString() + "." + kBug, *unknown);
  }
}

void RefuseWriteOnly(const Schema& schema, const Value& value, const char* summary, std::string_view what,
                     Diagnostics& diagnostics) {
  std::vector<AttributePath> found;
  FindWriteOnly(schema.attributes, value, {}, found);
  for (const AttributePath& path : found) {
    if (ChecksEnabled()) {
      diagnostics.AddError(summary,
                           "." + path.ToString() + ": " + std::string(what) +
                               " returned a value for a write-only attribute, which must stay null." +
                               kBugFoundByChecks,
                           path);
    } else {
      Log(LogLevel::kWarn, "the provider returned a value for a write-only attribute, which is dropped",
          {{"doing", std::string(what)}, {"attribute", path.ToString()}});
    }
  }
}

}  // namespace podwright::sdk::logic
