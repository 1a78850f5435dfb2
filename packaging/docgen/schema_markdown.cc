#include "packaging/docgen/schema_markdown.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "packaging/docgen/type_text.h"

namespace podwright::docgen {
namespace {

using Attribute = tfplugin6::Schema::Attribute;
using Attributes = google::protobuf::RepeatedPtrField<Attribute>;

enum class Use { kRequired, kOptional, kReadOnly };

Use UseOf(const Attribute& attribute) {
  if (attribute.required()) return Use::kRequired;
  return attribute.optional() ? Use::kOptional : Use::kReadOnly;
}

std::string Anchor(const std::string& path) {
  std::string anchor = "nestedatt--";
  for (const char c : path) anchor += c == '.' ? std::string("--") : std::string(1, c);
  return anchor;
}

std::string Line(const Attribute& attribute, const std::string& path) {
  std::string line = "- `" + attribute.name() + "` (" + TypeText(attribute);
  if (attribute.sensitive()) line += ", Sensitive";
  if (attribute.write_only()) line += ", Write-only";
  if (attribute.deprecated()) line += ", Deprecated";
  line += ")";
  if (!attribute.description().empty()) line += " " + attribute.description();
  if (!attribute.deprecation_message().empty()) line += " Deprecated: " + attribute.deprecation_message();
  if (attribute.has_nested_type()) line += " (see [below](#" + Anchor(path) + "))";
  return line + "\n";
}

std::string Below(const std::string& path, const Attribute& attribute) {
  return path.empty() ? attribute.name() : path + "." + attribute.name();
}

// `heading` is what stands before "Required" and its like.
std::string Group(const Attributes& attributes, const std::string& path, Use use, std::string_view heading) {
  std::vector<const Attribute*> members;
  for (const Attribute& attribute : attributes) {
    if (UseOf(attribute) == use) members.push_back(&attribute);
  }
  if (members.empty()) return "";
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->name() < b->name(); });
  std::string out = "\n" + std::string(heading) + "\n\n";
  for (const Attribute* attribute : members) out += Line(*attribute, Below(path, *attribute));
  return out;
}

std::string Nested(const Attributes& attributes, const std::string& path) {
  std::string out;
  for (const Attribute& attribute : attributes) {
    if (!attribute.has_nested_type()) continue;
    const std::string below = Below(path, attribute);
    const Attributes& children = attribute.nested_type().attributes();
    out += "\n<a id=\"" + Anchor(below) + "\"></a>\n### Nested Schema for `" + below + "`\n";
    out += Group(children, below, Use::kRequired, "Required:");
    out += Group(children, below, Use::kOptional, "Optional:");
    out += Group(children, below, Use::kReadOnly, "Read-Only:");
    out += Nested(children, below);
  }
  return out;
}

}  // namespace

std::string SchemaMarkdown(const tfplugin6::Schema& schema) {
  const Attributes& attributes = schema.block().attributes();
  return "## Schema\n" + Group(attributes, "", Use::kRequired, "### Required") +
         Group(attributes, "", Use::kOptional, "### Optional") +
         Group(attributes, "", Use::kReadOnly, "### Read-Only") + Nested(attributes, "");
}

std::string FirstParagraph(const std::string& text) {
  std::string line = text.substr(0, text.find("\n\n"));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace podwright::docgen
