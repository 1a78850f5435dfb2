#include "kinds/field_text.h"

#include "kinds/names.h"
#include "kinds/scalar.h"

namespace podwright::kinds {
namespace {

std::string OneType(const Field& field) {
  switch (field.rule.format) {
    case Format::kDuration: return "duration";
    case Format::kSize: return "size";
    case Format::kPath: return "path";
    case Format::kFileMode: return "file mode";
    case Format::kCidr: return "network";
    case Format::kName: return "name";
    case Format::kNone: break;
  }
  return std::string(FieldTypeName(field.type));
}

std::string Quoted(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "`" : ", `") + text + "`";
  return out;
}

void AddNumbers(const Field& field, std::vector<std::string>* out) {
  const Rule& rule = field.rule;
  const bool single = field.cardinality == Cardinality::kSingle;
  const auto text = [&](std::int64_t n) {
    return single && field.type == FieldType::kInt64 ? FormatScalar(field, Scalar(n)) : std::to_string(n);
  };
  const std::string what = single ? "" : " entries";
  if (rule.min && rule.max) {
    out->push_back(text(*rule.min) + " to " + text(*rule.max) + what + ".");
  } else if (rule.min) {
    out->push_back("At least " + text(*rule.min) + what + ".");
  } else if (rule.max) {
    out->push_back("At most " + text(*rule.max) + what + ".");
  }
  if (rule.max_length > 0) out->push_back("At most " + std::to_string(rule.max_length) + " bytes.");
}

void AddReferences(const Rule& rule, std::vector<std::string>* out) {
  if (rule.references.size() == 1) out->push_back("The name of a `" + rule.references[0] + "`.");
  if (rule.references.size() > 1) out->push_back("`KIND/NAME` of one of " + Quoted(rule.references) + ".");
  if (rule.key_references.size() == 1) out->push_back("The keys are names of `" + rule.key_references[0] + "`.");
  if (rule.key_references.size() > 1)
    out->push_back("The keys are `KIND/NAME` of " + Quoted(rule.key_references) + ".");
}

}  // namespace

std::string TypeText(const Field& field) {
  const std::string one = OneType(field);
  switch (field.cardinality) {
    case Cardinality::kList: return "list of " + one + "s";
    case Cardinality::kMap: return "map of " + one + "s";
    case Cardinality::kSingle: break;
  }
  return one;
}

std::vector<std::string> RuleSentences(const Field& field) {
  const Rule& rule = field.rule;
  std::vector<std::string> out;
  if (!rule.default_text.empty()) out.push_back("Default `" + rule.default_text + "`.");
  if (!rule.allowed.empty()) out.push_back("One of " + Quoted(rule.allowed) + ".");
  if (field.type == FieldType::kEnum) {
    std::string values;
    for (const EnumValue& value : field.enum_values) {
      std::string doc = value.doc;
      if (doc.ends_with('.')) doc.pop_back();
      values += (values.empty() ? "`" : ", `") + value.text + "`" + (doc.empty() ? "" : " (" + doc + ")");
    }
    out.push_back("One of " + values + ".");
  }
  AddNumbers(field, &out);
  AddReferences(rule, &out);
  if (!rule.pattern.empty()) out.push_back("Matches `" + rule.pattern.text() + "`.");
  if (!rule.key_pattern.empty()) out.push_back("The keys match `" + rule.key_pattern.text() + "`.");
  if (rule.key_format == Format::kPath) out.push_back("The keys are absolute paths.");
  if (rule.key_format == Format::kName) out.push_back("The keys match `^[a-z][a-z0-9-]{0,62}$`.");
  if (rule.key_format == Format::kCidr) out.push_back("The keys are networks.");
  if (!rule.one_of_group.empty()) {
    out.push_back((rule.one_of_optional ? "At most one field of the group `" : "Exactly one field of the group `") +
                  rule.one_of_group + "` is set.");
  }
  if (rule.immutable) out.push_back("Cannot change after creation.");
  if (rule.change == ChangeMode::kReplace) out.push_back("A change replaces the thing.");
  if (rule.write_only) {
    out.push_back("Write-only: never stored in state, never shown.");
  } else if (rule.sensitive) {
    out.push_back("Sensitive: never shown.");
  }
  if (rule.volatile_fact) out.push_back("Volatile: changes by itself.");
  if (!rule.since.empty()) out.push_back("Since " + rule.since + ".");
  if (!rule.former_names.empty()) out.push_back("Formerly " + Quoted(rule.former_names) + ".");
  return out;
}

}  // namespace podwright::kinds
