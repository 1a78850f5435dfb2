#include "kinds/json_schema.h"

#include <nlohmann/json.hpp>

#include "kinds/field_text.h"
#include "kinds/loader.h"
#include "kinds/registry.h"
#include "kinds/scalar.h"

namespace podwright::kinds {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kDialect[] = "https://json-schema.org/draft/2020-12/schema";
constexpr char kName[] = "^[a-z][a-z0-9-]{0,62}$";

std::string PatternOf(Format format) {
  switch (format) {
    case Format::kDuration: return "^[0-9]+(ms|s|m|h|d)$";
    case Format::kSize: return "^[0-9]+(B|KiB|MiB|GiB|TiB)$";
    case Format::kPath: return "^/";
    case Format::kFileMode: return "^[0-7]{4}$";
    case Format::kCidr: return "^[0-9A-Fa-f.:]+/[0-9]{1,3}$";
    case Format::kName: return kName;
    case Format::kNone: break;
  }
  return "";
}

std::string PatternOfReference(const std::vector<std::string>& kinds) {
  if (kinds.size() == 1) return kName;
  std::string alternatives;
  for (const std::string& kind : kinds) alternatives += (alternatives.empty() ? "" : "|") + kind;
  return "^(" + alternatives + ")/[a-z][a-z0-9-]{0,62}$";
}

Json ObjectSchema(const Schema& schema);

// Of one value: of a field, an element, a map's value.
Json ValueSchema(const Field& field) {
  const Rule& rule = field.rule;
  if (field.child != nullptr) return ObjectSchema(*field.child);
  Json out;
  const bool unit = rule.format == Format::kDuration || rule.format == Format::kSize;
  switch (field.type) {
    case FieldType::kBool: out["type"] = "boolean"; return out;
    case FieldType::kDouble: out["type"] = "number"; break;
    case FieldType::kInt64: out["type"] = unit ? "string" : "integer"; break;
    case FieldType::kEnum:
      for (const EnumValue& value : field.enum_values) out["enum"].push_back(value.text);
      return out;
    // YAML's plain scalars of any look are the text of a string field.
    default: out["type"] = Json::array({"string", "number", "boolean"}); break;
  }
  if (!rule.allowed.empty()) {
    out.erase("type");
    out["enum"] = rule.allowed;
  }
  if (!rule.pattern.empty()) out["pattern"] = rule.pattern.text();
  if (rule.format != Format::kNone) out["pattern"] = PatternOf(rule.format);
  if (!rule.references.empty()) out["pattern"] = PatternOfReference(rule.references);
  if (field.cardinality == Cardinality::kSingle && !unit) {
    if (rule.min) out["minimum"] = *rule.min;
    if (rule.max) out["maximum"] = *rule.max;
  }
  if (rule.max_length > 0) out["maxLength"] = rule.max_length;
  return out;
}

Json DefaultOf(const Field& field) {
  const auto parsed = ParseScalar(field, field.rule.default_text);
  if (!parsed.ok()) return field.rule.default_text;
  if (const auto* flag = std::get_if<bool>(&*parsed)) return *flag;
  if (const auto* number = std::get_if<double>(&*parsed)) return *number;
  const auto* integer = std::get_if<std::int64_t>(&*parsed);
  if (integer != nullptr && field.rule.format == Format::kNone) return *integer;
  return field.rule.default_text;
}

Json FieldSchema(const Field& field) {
  const Rule& rule = field.rule;
  Json out;
  out["description"] = rule.doc;
  if (!rule.default_text.empty()) out["default"] = DefaultOf(field);
  if (field.cardinality == Cardinality::kSingle) {
    out.update(ValueSchema(field));
    return out;
  }
  const bool list = field.cardinality == Cardinality::kList;
  out["type"] = list ? "array" : "object";
  out[list ? "items" : "additionalProperties"] = ValueSchema(field);
  if (rule.min) out[list ? "minItems" : "minProperties"] = *rule.min;
  if (rule.max) out[list ? "maxItems" : "maxProperties"] = *rule.max;
  if (list) {
    if (!rule.references.empty()) out["uniqueItems"] = true;
    return out;
  }
  std::string keys = rule.key_pattern.empty() ? PatternOf(rule.key_format) : rule.key_pattern.text();
  if (!rule.key_references.empty()) keys = PatternOfReference(rule.key_references);
  if (!keys.empty()) out["propertyNames"] = {{"pattern", keys}};
  return out;
}

// Exactly one of the group, or none of it, too.
Json GroupSchema(const OneOfGroup& group) {
  Json choices = Json::array();
  Json any = Json::array();
  for (const Field* member : group.members) {
    choices.push_back({{"required", Json::array({member->name})}});
    any.push_back({{"required", Json::array({member->name})}});
  }
  if (group.optional) choices.push_back({{"not", {{"anyOf", any}}}});
  return {{"oneOf", choices}};
}

Json ObjectSchema(const Schema& schema) {
  Json out;
  out["type"] = "object";
  out["properties"] = Json::object();
  Json required = Json::array();
  for (const Field& field : schema.fields()) {
    // Refused in files; an editor should not offer it.
    if (field.rule.write_only) continue;
    out["properties"][field.name] = FieldSchema(field);
    if (field.rule.required) required.push_back(field.name);
  }
  out["additionalProperties"] = false;
  if (!required.empty()) out["required"] = required;
  for (const OneOfGroup& group : schema.groups()) {
    bool write_only = false;
    for (const Field* member : group.members) write_only |= member->rule.write_only;
    if (!write_only) out["allOf"].push_back(GroupSchema(group));
  }
  return out;
}

Json DocumentSchema(const Kind& kind) {
  Json out;
  out["title"] = kind.yaml_name();
  out["description"] = kind.doc();
  out["type"] = "object";
  Json labels = {
      {"type", "object"},
      {"propertyNames", {{"pattern", "^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$"}}},
      {"additionalProperties", {{"type", {"string", "number", "boolean"}}, {"pattern", "^[A-Za-z0-9._-]{0,63}$"}}},
      {"maxProperties", 64}};
  Json metadata = {{"type", "object"},
                   {"properties", {{"name", {{"type", "string"}, {"pattern", kName}}}, {"labels", labels}}},
                   {"additionalProperties", false},
                   {"required", Json::array({"name"})}};
  out["properties"] = {{"apiVersion", {{"const", kApiVersion}}},
                       {"kind", {{"const", kind.yaml_name()}}},
                       {"metadata", metadata},
                       {"spec", ObjectSchema(kind.schema())}};
  out["additionalProperties"] = false;
  out["required"] = {"apiVersion", "kind", "metadata"};
  for (const Field& field : kind.schema().fields()) {
    if (!field.rule.required) continue;
    out["required"].push_back("spec");
    break;
  }
  return out;
}

}  // namespace

std::string JsonSchema(const Kind& kind) {
  Json out;
  out["$schema"] = kDialect;
  out.update(DocumentSchema(kind));
  return out.dump(2) + "\n";
}

std::string JsonSchema(const Registry& registry) {
  Json out;
  out["$schema"] = kDialect;
  out["title"] = "A Podwright document";
  out["oneOf"] = Json::array();
  for (const Kind* kind : registry.All()) {
    out["oneOf"].push_back({{"$ref", "#/$defs/" + kind->yaml_name()}});
    out["$defs"][kind->yaml_name()] = DocumentSchema(*kind);
  }
  return out.dump(2) + "\n";
}

}  // namespace podwright::kinds
