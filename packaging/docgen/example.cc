#include "packaging/docgen/example.h"

#include <algorithm>
#include <vector>

#include "packaging/docgen/type_text.h"

namespace podwright::docgen {
namespace {

using Attribute = tfplugin6::Schema::Attribute;
using Attributes = google::protobuf::RepeatedPtrField<Attribute>;
using Object = tfplugin6::Schema::Object;

std::string Value(const Attribute& attribute) {
  if (!attribute.has_nested_type()) return ExampleValue(attribute.type());
  std::string parts;
  for (const Attribute& child : attribute.nested_type().attributes()) {
    if (child.required()) parts += (parts.empty() ? "" : ", ") + child.name() + " = " + Value(child);
  }
  std::string object = parts.empty() ? "{}" : "{ " + parts + " }";
  switch (attribute.nested_type().nesting()) {
    case Object::LIST:
    case Object::SET: return "[" + object + "]";
    case Object::MAP: return "{ example = " + object + " }";
    default: return object;
  }
}

}  // namespace

std::string BlockExample(const std::string& keyword, const std::string& type, const tfplugin6::Schema& schema) {
  std::vector<const Attribute*> required;
  std::size_t width = 0;
  for (const Attribute& attribute : schema.block().attributes()) {
    if (!attribute.required()) continue;
    required.push_back(&attribute);
    width = std::max(width, attribute.name().size());
  }
  const std::string head = keyword + " \"" + type + "\" \"example\" {";
  if (required.empty()) return head + "}\n";
  std::string out = head + "\n";
  for (const Attribute* attribute : required) {
    out += "  " + attribute->name() + std::string(width - attribute->name().size(), ' ') + " = " + Value(*attribute) +
           "\n";
  }
  return out + "}\n";
}

std::string FunctionCall(const std::string& name, const tfplugin6::Function& function) {
  std::string arguments;
  for (const auto& parameter : function.parameters()) arguments += (arguments.empty() ? "" : ", ") + parameter.name();
  if (function.has_variadic_parameter()) {
    arguments += (arguments.empty() ? "" : ", ") + function.variadic_parameter().name() + "...";
  }
  return "provider::podwright::" + name + "(" + arguments + ")";
}

std::string FunctionExample(const std::string& name, const tfplugin6::Function& function) {
  std::string arguments;
  for (const auto& parameter : function.parameters()) {
    arguments += (arguments.empty() ? "" : ", ") + ExampleValue(parameter.type());
  }
  return "output \"" + name + "\" {\n  value = provider::podwright::" + name + "(" + arguments + ")\n}\n";
}

std::string ImportCommand(const std::string& type) {
  return "# The id is WORKSPACE/NAME, or NAME in the provider's workspace.\nterraform import " + type +
         ".example default/example\n";
}

std::string ImportBlock(const std::string& type) {
  return "import {\n  to = " + type + ".example\n  id = \"default/example\"\n}\n";
}

std::string ImportByIdentity(const std::string& type, const tfplugin6::ResourceIdentitySchema& identity) {
  std::string attributes;
  std::size_t widest = 0;
  for (const auto& attribute : identity.identity_attributes()) widest = std::max(widest, attribute.name().size());
  for (const auto& attribute : identity.identity_attributes()) {
    attributes += "    " + attribute.name() + std::string(widest - attribute.name().size(), ' ') + " = " +
                  (attribute.name() == "workspace" ? "\"default\"" : ExampleValue(attribute.type())) + "\n";
  }
  return "import {\n  to = " + type + ".example\n  identity = {\n" + attributes + "  }\n}\n";
}

}  // namespace podwright::docgen
