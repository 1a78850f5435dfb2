#include "cli/tofu_values.h"

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "kinds/registry.h"
#include "kinds/text.h"

namespace podwright::cli {
namespace {

using Json = nlohmann::json;

// What stands for a write-only value, which no plan holds. Only that there is one enters the action list.
constexpr char kPlaceholder[] = "(write-only)";
constexpr std::string_view kVersionSuffix = "_version";

// The companion of a write-only field: `value_version` of `value`.
const kinds::Field* WriteOnlyOf(const kinds::Schema& schema, const kinds::Field& field) {
  if (!field.name.ends_with(kVersionSuffix)) return nullptr;
  const kinds::Field* of = schema.Find(field.name.substr(0, field.name.size() - kVersionSuffix.size()));
  return of != nullptr && of->rule.write_only ? of : nullptr;
}

std::string AttributeName(const kinds::Schema& schema, const kinds::Field& field) {
  if (field.rule.write_only) return field.name + "_wo";
  if (const kinds::Field* of = WriteOnlyOf(schema, field)) return of->name + "_wo" + std::string(kVersionSuffix);
  return field.name;
}

class Reader {
 public:
  explicit Reader(SpecOfValues& out) : out_(out) {}

  // The object by the schema's own names, without what is null or unknown.
  Json Object(const kinds::Schema& schema, const Json& values, const Json& unknown, const Json& configured,
              const std::string& path) {
    Json object = Json::object();
    for (const kinds::Field& field : schema.fields()) {
      const std::string name = AttributeName(schema, field);
      const std::string at = path.empty() ? name : path + "." + name;
      const Json& value = Member(values, name);
      const Json& open = Member(unknown, name);
      if (field.rule.write_only) {
        const bool versioned = !Member(values, name + std::string(kVersionSuffix)).is_null();
        const bool given = Member(configured, name).is_object();
        if (given && !versioned) out_.unwatched.push_back(at);
        if (given || versioned) object[field.name] = kPlaceholder;
      } else if (open.is_boolean()) {
        if (open.get<bool>()) {
          out_.unknown.push_back(at);
        } else if (!value.is_null()) {
          object[field.name] = value;
        }
      } else if (Json read = Nested(field, value, open, at); !read.is_null()) {
        object[field.name] = std::move(read);
      }
    }
    return object;
  }

 private:
  Json Nested(const kinds::Field& field, const Json& value, const Json& open, const std::string& at) {
    if (field.child == nullptr) {
      // Parts of lists and maps of scalars: one that is unknown leaves the whole field open.
      if (AnyUnknown(open)) {
        out_.unknown.push_back(at);
        return nullptr;
      }
      return value;
    }
    if (field.cardinality != kinds::Cardinality::kMap) {
      if (value.is_null() && !open.is_object()) return nullptr;
      return value.is_object() ? Object(*field.child, value, open, nullptr, at) : value;
    }
    if (!value.is_object()) return value;
    Json entries = Json::object();
    for (const auto& [key, entry] : value.items()) {
      const std::string below = at + "[\"" + key + "\"]";
      const Json& open_below = Member(open, key);
      if (open_below.is_boolean() && open_below.get<bool>()) {
        out_.unknown.push_back(below);
      } else {
        entries[key] = entry.is_object() ? Object(*field.child, entry, open_below, nullptr, below) : entry;
      }
    }
    // An entry whose every part is unknown is in "after_unknown" only.
    if (!open.is_object()) return entries;
    for (const auto& [key, open_below] : open.items()) {
      if (!value.contains(key) && AnyUnknown(open_below)) out_.unknown.push_back(at + "[\"" + key + "\"]");
    }
    return entries;
  }

  SpecOfValues& out_;
};

}  // namespace

const Json& Member(const Json& object, const std::string& name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto it = object.find(name);
  return it == object.end() ? kNothing : *it;
}

bool AnyUnknown(const Json& unknown) {
  if (unknown.is_boolean()) return unknown.get<bool>();
  if (!unknown.is_structured()) return false;
  for (const Json& part : unknown) {
    if (AnyUnknown(part)) return true;
  }
  return false;
}

Result<SpecOfValues> SpecFromValues(const kinds::Kind& kind, const Json& after, const Json& unknown,
                                    const Json& configured) {
  SpecOfValues out;
  const Json object = Reader(out).Object(kind.schema(), after, unknown, configured, "");
  PW_ASSIGN(out.spec, kinds::SpecFromJson(kind, object.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return out;
}

}  // namespace podwright::cli
