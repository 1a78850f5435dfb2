#include "kinds/explain.h"

#include <vector>

#include "kinds/field_text.h"
#include "kinds/names.h"
#include "kinds/registry.h"

namespace podwright::kinds {
namespace {

std::vector<std::string> SplitDots(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('.', at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Error Unknown(const std::string& what, const std::string& name, const std::vector<std::string>& candidates) {
  const std::string near = Nearest(name, candidates);
  std::string all;
  for (const std::string& candidate : candidates) all += (all.empty() ? "" : ", ") + candidate;
  return NotFound(
      "there is no " + what + " `" + name + "`; " +
      (near.empty() ? (all.empty() ? "there are none here" : "there are " + all) : "did you mean `" + near + "`?"));
}

void ListFields(const Schema& schema, std::string* out) {
  std::size_t widest = 0;
  for (const Field& field : schema.fields()) widest = std::max(widest, field.name.size());
  if (!schema.fields().empty()) *out += "\nFields:\n";
  for (const Field& field : schema.fields()) {
    *out += "  " + field.name + std::string(widest - field.name.size() + 2, ' ') + "<" + TypeText(field) + ">" +
            (field.rule.required ? " (required)" : "") + "  " + field.rule.Summary() + "\n";
  }
}

std::string ExplainKind(const Kind& kind) {
  std::string out = "KIND: " + kind.yaml_name() + " (" + kind.name();
  for (const std::string& name : kind.short_names()) out += ", " + name;
  out += ")\n\n" + kind.doc() + "\n";
  ListFields(kind.schema(), &out);
  return out + "\nFurther: " + kind.name() + ".status, " + kind.name() + ".observed\n";
}

std::string ExplainField(const Kind& kind, const std::string& path, const Field& field) {
  std::string out = "FIELD: " + path + " <" + TypeText(field) + ">" + (field.rule.required ? " (required)" : "") +
                    "\nKIND: " + kind.yaml_name() + "\n\n" + field.rule.doc + "\n";
  for (const std::string& sentence : RuleSentences(field)) out += sentence + "\n";
  if (field.child != nullptr) ListFields(*field.child, &out);
  return out;
}

}  // namespace

Result<std::string> Explain(const Registry& registry, std::string_view query) {
  const std::vector<std::string> parts = SplitDots(query);
  const Kind* kind = registry.FindByAnyName(parts[0]);
  if (kind == nullptr) {
    std::vector<std::string> names;
    for (const Kind* known : registry.All()) names.push_back(known->name());
    return Unknown("kind", parts[0], names);
  }
  if (parts.size() == 1) return ExplainKind(*kind);
  const Schema* schema = &kind->schema();
  std::size_t at = 1;
  std::string path = kind->name();
  // `spec` may be written or left out.
  if (parts[1] == "spec" || parts[1] == "status" || parts[1] == "observed") {
    if (parts[1] == "status") schema = &kind->status_schema();
    if (parts[1] == "observed") schema = &kind->observed_schema();
    path += "." + parts[1];
    at = 2;
    if (parts.size() == 2) {
      std::string out = path + "\n";
      ListFields(*schema, &out);
      return out;
    }
  }
  const Field* field = nullptr;
  for (; at < parts.size(); ++at) {
    if (schema == nullptr) return NotFound("`" + path + "` has no fields");
    field = schema->Find(parts[at]);
    if (field == nullptr) field = schema->FindByFormerName(parts[at]);
    if (field == nullptr) return Unknown("field in " + path, parts[at], schema->Names());
    path += "." + field->name;
    schema = field->child;
  }
  if (field == nullptr) return NotFound("`" + path + "` has no such field");
  return ExplainField(*kind, path, *field);
}

}  // namespace podwright::kinds
