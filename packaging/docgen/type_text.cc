#include "packaging/docgen/type_text.h"

#include <nlohmann/json.hpp>

namespace podwright::docgen {
namespace {

using nlohmann::json;
using Object = tfplugin6::Schema::Object;

std::string Words(const json& type) {
  if (type == "string") return "String";
  if (type == "number") return "Number";
  if (type == "bool") return "Boolean";
  if (type == "dynamic") return "Dynamic";
  if (!type.is_array() || type.size() < 2) return "Unknown";
  const std::string of = type[0].is_string() ? type[0].get<std::string>() : "";
  if (of == "list") return "List of " + Words(type[1]);
  if (of == "set") return "Set of " + Words(type[1]);
  if (of == "map") return "Map of " + Words(type[1]);
  return of == "tuple" ? "Tuple" : "Object";
}

std::string Example(const json& type) {
  if (type == "number") return "1";
  if (type == "bool") return "true";
  if (!type.is_array() || type.size() < 2) return "\"example\"";
  if (type[0] == "list" || type[0] == "set") return "[" + Example(type[1]) + "]";
  if (type[0] == "map") return "{ example = " + Example(type[1]) + " }";
  std::string parts;
  if (type[0] == "tuple") {
    for (const json& part : type[1]) parts += (parts.empty() ? "" : ", ") + Example(part);
    return "[" + parts + "]";
  }
  for (const auto& [name, part] : type[1].items()) parts += (parts.empty() ? "" : ", ") + name + " = " + Example(part);
  return "{ " + parts + " }";
}

}  // namespace

std::string TypeText(const std::string& type_json) {
  return Words(json::parse(type_json, nullptr, false));
}

std::string TypeText(const tfplugin6::Schema::Attribute& attribute) {
  if (!attribute.has_nested_type()) return TypeText(attribute.type());
  switch (attribute.nested_type().nesting()) {
    case Object::LIST: return "Attributes List";
    case Object::SET: return "Attributes Set";
    case Object::MAP: return "Attributes Map";
    default: return "Attributes";
  }
}

std::string ExampleValue(const std::string& type_json) {
  return Example(json::parse(type_json, nullptr, false));
}

}  // namespace podwright::docgen
