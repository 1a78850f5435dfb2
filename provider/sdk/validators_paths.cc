// The validators that look at several places of an object.
#include <algorithm>
#include <utility>

#include "provider/sdk/validators.h"

namespace podwright::sdk::validators {
namespace {

struct Found {
  std::vector<AttributePath> set{};
  std::vector<AttributePath> unset{};
  bool undecided = false;  // one is unknown, and may become null
};

bool IsSet(const Value& value) {
  const bool sequence = value.kind() == Value::Kind::kList || value.kind() == Value::Kind::kSet;
  // Blocks that are not written are empty, not null.
  if (sequence || value.kind() == Value::Kind::kMap) return !value.elements().empty() || !value.fields().empty();
  return value.has_value();
}

// The value at a path; unknown where the way to it is.
Value Reach(const Value& object, const AttributePath& path) {
  AttributePath walked;
  for (const AttributePath::Step& step : path.steps()) {
    const Value* value = object.At(walked);
    if (value != nullptr && value->is_unknown()) return Value::Unknown();
    if (const auto* attribute = std::get_if<AttributePath::AttributeStep>(&step)) {
      walked = walked.Attribute(attribute->name);
    } else if (const auto* key = std::get_if<AttributePath::KeyStep>(&step)) {
      walked = walked.Key(key->key);
    } else {
      walked = walked.Index(std::get<AttributePath::IndexStep>(step).index);
    }
  }
  const Value* value = object.At(walked);
  return value == nullptr ? Value::Null() : *value;
}

Found Look(const Value& object, const std::vector<AttributePath>& paths) {
  Found found;
  for (const AttributePath& path : paths) {
    const Value value = Reach(object, path);
    const bool surely = value.is_unknown() && value.refinement() != nullptr && value.refinement()->not_null;
    if (surely || IsSet(value)) {
      found.set.push_back(path);
    } else if (value.is_unknown()) {
      found.undecided = true;
    } else {
      found.unset.push_back(path);
    }
  }
  return found;
}

std::string Names(const std::vector<AttributePath>& paths, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (i != 0) text += i + 1 == paths.size() ? std::string(" ") + last + " " : std::string(", ");
    text += "\"" + paths[i].ToString() + "\"";
  }
  return text;
}

void TooMany(const Found& found, const std::vector<AttributePath>& paths, const AttributePath& path,
             const std::string& rule, Diagnostics& diagnostics) {
  for (const AttributePath& one : found.set) {
    diagnostics.AddError("Conflicting settings",
                         rule + Names(paths, "or") + " may be set; " + Names(found.set, "and") + " are.",
                         path.Then(one));
  }
}

}  // namespace

AttributeValidator ConflictsWith(std::vector<AttributePath> paths) {
  return [paths = std::move(paths)](const Value& object, const AttributePath& path, Diagnostics& diagnostics) {
    const Found found = Look(object, paths);
    if (found.set.size() > 1) TooMany(found, paths, path, "Only one of ", diagnostics);
  };
}

AttributeValidator RequiredWith(std::vector<AttributePath> paths) {
  return [paths = std::move(paths)](const Value& object, const AttributePath& path, Diagnostics& diagnostics) {
    const Found found = Look(object, paths);
    if (found.set.empty()) return;
    for (const AttributePath& one : found.unset) {
      diagnostics.AddError("A setting is missing",
                           Names({one}, "and") + " is required together with " + Names(found.set, "and") + ".",
                           path.Then(found.set.front()));
    }
  };
}

AttributeValidator ExactlyOneOf(std::vector<AttributePath> paths) {
  return [paths = std::move(paths)](const Value& object, const AttributePath& path, Diagnostics& diagnostics) {
    const Found found = Look(object, paths);
    if (found.set.size() > 1) return TooMany(found, paths, path, "Exactly one of ", diagnostics);
    if (!found.set.empty() || found.undecided) return;
    diagnostics.AddError("A setting is missing", "Exactly one of " + Names(paths, "or") + " must be set.", path);
  };
}

AttributeValidator AtLeastOneOf(std::vector<AttributePath> paths) {
  return [paths = std::move(paths)](const Value& object, const AttributePath& path, Diagnostics& diagnostics) {
    const Found found = Look(object, paths);
    if (!found.set.empty() || found.undecided) return;
    diagnostics.AddError("A setting is missing", "At least one of " + Names(paths, "and") + " must be set.", path);
  };
}

AttributeValidator Requires(AttributePath first, std::vector<AttributePath> others) {
  return [first = std::move(first), others = std::move(others)](const Value& object, const AttributePath& path,
                                                                Diagnostics& diagnostics) {
    if (Look(object, {first}).set.empty()) return;
    for (const AttributePath& one : Look(object, others).unset) {
      diagnostics.AddError("A setting is missing",
                           Names({first}, "and") + " also requires " + Names({one}, "and") + ".", path.Then(first));
    }
  };
}

}  // namespace podwright::sdk::validators
