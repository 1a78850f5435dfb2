#include "kinds/schema_lint.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "kinds/registry.h"
#include "kinds/scalar.h"
#include "kinds/schema.h"

namespace podwright::kinds {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

// Podwright's own attributes, and the names that Terraform keeps for itself.
constexpr std::array<std::string_view, 17> kReserved = {
    "id",          "name",       "labels",          "workspace", "status",   "timeouts",    "planned_disruption",
    "count",       "for_each",   "depends_on",      "lifecycle", "provider", "provisioner", "connection",
    "plan_digest", "plan_facts", "effective_labels"};

enum class Part { kSpec, kObserved, kStatus };

bool IsSnakeCase(std::string_view name) {
  const auto ok = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' && std::all_of(name.begin(), name.end(), ok);
}

class Linter {
 public:
  Linter(Part part, std::uint32_t defaults_revision) : part_(part), defaults_revision_(defaults_revision) {}

  void Walk(const Schema& schema, const Path& path, bool top, bool in_collection) {
    if (schema.descriptor()->real_oneof_decl_count() > 0) {
      out_.AddError("a proto oneof has no form in documents: use one_of_group", path);
    }
    std::set<std::string> names;
    for (const Field& field : schema.fields()) names.insert(field.name);
    for (const Field& field : schema.fields()) {
      const Path at = path.Attribute(field.name);
      for (const std::string& former : field.rule.former_names) {
        if (!names.insert(former).second) out_.AddError("the former name " + former + " is used twice", at);
      }
      CheckName(field, at, top);
      CheckShape(field, at);
      CheckStringRules(field, at);
      CheckNumberRules(field, at);
      CheckDefault(field, at);
      CheckMeaning(field, at, in_collection);
      if (field.child != nullptr) {
        Walk(*field.child, at, false, in_collection || field.cardinality != Cardinality::kSingle);
      }
    }
    CheckGroups(schema, path);
  }

  Diagnostics Take() { return std::move(out_); }

 private:
  void CheckName(const Field& field, const Path& at, bool top) {
    if (!IsSnakeCase(field.name)) out_.AddError("a field's name is snake_case", at);
    if (field.rule.doc.empty()) out_.AddError("the doc is missing", at);
    const bool reserved = std::find(kReserved.begin(), kReserved.end(), field.name) != kReserved.end();
    if (top && part_ == Part::kSpec && reserved) {
      out_.AddError("the name is taken by Podwright or by Terraform", at, "choose another name");
    }
    if (top && part_ == Part::kSpec && (field.name.ends_with("_wo") || field.name.ends_with("_wo_version"))) {
      out_.AddError("names that end in _wo belong to the HCL form of write-only fields", at);
    }
  }

  void CheckShape(const Field& field, const Path& at) {
    const FieldDescriptor& descriptor = *field.descriptor;
    if (field.cardinality == Cardinality::kSingle && !descriptor.has_presence()) {
      out_.AddError("a scalar is optional, so that unset is not zero", at, "write `optional` before its type");
    }
    if (field.cardinality == Cardinality::kList && field.type == FieldType::kMessage) {
      out_.AddError("named children are maps, never lists of messages", at, "make it a map by name");
    }
    if (field.type == FieldType::kEnum) CheckEnum(field, at);
  }

  void CheckEnum(const Field& field, const Path& at) {
    const EnumDescriptor& descriptor = *field.value_descriptor()->enum_type();
    const auto* zero = descriptor.FindValueByNumber(0);
    if (zero == nullptr || !zero->name().ends_with("_UNSPECIFIED")) {
      out_.AddError("the enum " + descriptor.name() + " begins with a value …_UNSPECIFIED = 0", at);
    }
    if (field.enum_values.empty()) out_.AddError("the enum " + descriptor.name() + " has no values", at);
    std::set<std::string> texts;
    for (const EnumValue& value : field.enum_values) {
      const std::string& full = descriptor.FindValueByNumber(value.number)->name();
      if (value.text.size() >= full.size()) {
        out_.AddError("the enum value " + full + " does not begin with the enum's name", at);
      }
      if (value.doc.empty()) out_.AddError("the enum value " + full + " has no value_doc", at);
      if (!texts.insert(value.text).second) out_.AddError("two enum values are written " + value.text, at);
    }
  }

  void CheckStringRules(const Field& field, const Path& at) {
    const Rule& rule = field.rule;
    const bool string = field.type == FieldType::kString;
    const bool map = field.cardinality == Cardinality::kMap;
    const bool number_format = rule.format == Format::kDuration || rule.format == Format::kSize;
    if (!string &&
        (!rule.allowed.empty() || !rule.pattern.empty() || rule.max_length != 0 || !rule.references.empty())) {
      out_.AddError("allowed, pattern, max_length and references are for strings", at);
    }
    if (rule.format != Format::kNone && number_format != (field.type == FieldType::kInt64)) {
      out_.AddError("the format does not fit the type " + std::string(FieldTypeName(field.type)), at);
    }
    if (rule.format != Format::kNone && !string && !number_format) out_.AddError("the format is for strings", at);
    if (!map && (!rule.key_pattern.empty() || rule.key_format != Format::kNone || !rule.key_references.empty())) {
      out_.AddError("key_pattern, key_format and key_references are for maps", at);
    }
    if (rule.key_format == Format::kDuration || rule.key_format == Format::kSize) {
      out_.AddError("keys are strings; the key_format is for numbers", at);
    }
    if (rule.max_length < 0) out_.AddError("max_length is negative", at);
    for (const Pattern& pattern : {rule.pattern, rule.key_pattern}) {
      if (pattern.empty()) continue;
      if (!pattern.text().starts_with('^') || !pattern.text().ends_with('$')) {
        out_.AddError("a pattern is anchored: ^…$", at);
      }
      if (const std::string error = pattern.Error(); !error.empty()) {
        out_.AddError("the pattern " + pattern.text() + " is no RE2: " + error, at);
      }
    }
    if (!rule.references.empty() && (!rule.allowed.empty() || !rule.pattern.empty() || rule.format != Format::kNone)) {
      out_.AddError("a reference has no further rules of its own", at);
    }
    if (std::set<std::string>(rule.allowed.begin(), rule.allowed.end()).size() != rule.allowed.size()) {
      out_.AddError("an allowed value is listed twice", at);
    }
  }

  void CheckNumberRules(const Field& field, const Path& at) {
    const Rule& rule = field.rule;
    const bool number = field.type == FieldType::kInt64 || field.type == FieldType::kDouble;
    if ((rule.min || rule.max) && !number && field.cardinality == Cardinality::kSingle) {
      out_.AddError("min and max are for numbers, lists and maps", at);
    }
    if (rule.min && rule.max && *rule.min > *rule.max) out_.AddError("min is more than max", at);
    if (field.cardinality != Cardinality::kSingle && ((rule.min && *rule.min < 0) || (rule.max && *rule.max < 0))) {
      out_.AddError("the size of a list or map is not negative", at);
    }
  }

  void CheckDefault(const Field& field, const Path& at) {
    const Rule& rule = field.rule;
    if (rule.default_text.empty() && rule.former_defaults.empty()) return;
    if (field.cardinality != Cardinality::kSingle || field.type == FieldType::kMessage) {
      out_.AddError("only scalars have defaults", at);
      return;
    }
    if (rule.required) out_.AddError("what is required needs no default", at);
    if (!rule.one_of_group.empty()) out_.AddError("a member of a one_of_group has no default", at);
    if (rule.write_only) out_.AddError("what is write-only has no default", at);
    if (part_ != Part::kSpec) out_.AddError("only the spec has defaults", at);
    CheckDefaultText(field, rule.default_text, at);
    std::uint32_t last = 0;
    for (const FormerDefault& former : rule.former_defaults) {
      CheckDefaultText(field, former.text, at);
      if (former.last_revision <= last || former.last_revision >= defaults_revision_) {
        out_.AddError("former defaults are ordered, and older than the kind's defaults_revision", at);
      }
      last = former.last_revision;
    }
  }

  void CheckDefaultText(const Field& field, const std::string& text, const Path& at) {
    if (text.empty()) return;
    const auto value = ParseScalar(field, text);
    if (!value.ok()) {
      out_.AddError("the default " + text + " is no value of the field: " + value.error().message(), at);
      return;
    }
    for (const Problem& problem : CheckScalar(field, *value)) {
      out_.AddError("the default " + text + " breaks the field's own rule: " + problem.message, at);
    }
  }

  void CheckMeaning(const Field& field, const Path& at, bool in_collection) {
    const Rule& rule = field.rule;
    if (rule.write_only) {
      if (part_ != Part::kSpec) out_.AddError("only the spec has write-only fields", at);
      if (in_collection || field.cardinality != Cardinality::kSingle) {
        out_.AddError("a write-only field is neither in nor itself a list or map", at);
      }
      if (field.type != FieldType::kString) out_.AddError("a write-only field is a string", at);
      if (!rule.sensitive) out_.AddError("what is write-only is sensitive, too", at);
    }
    if (rule.sensitive && field.type == FieldType::kMessage) {
      out_.AddError("sensitive is for scalars: mark the fields inside", at);
    }
    if (rule.volatile_fact && part_ == Part::kSpec) out_.AddError("a spec has no volatile facts", at);
    if (rule.known_unless_changed && part_ != Part::kStatus) {
      out_.AddError("known_unless_changed is for the status", at);
    }
    if (!rule.changes_with.empty() && !rule.known_unless_changed) {
      out_.AddError("changes_with goes with known_unless_changed", at);
    }
    if (part_ != Part::kSpec && (rule.required || rule.immutable || !rule.one_of_group.empty())) {
      out_.AddError("required, immutable and one_of_group are for the spec", at);
    }
    if (rule.required && !rule.one_of_group.empty()) out_.AddError("a member of a one_of_group is not required", at);
    if (rule.one_of_optional && rule.one_of_group.empty()) out_.AddError("one_of_optional without one_of_group", at);
    if (rule.immutable && rule.change == ChangeMode::kReplace) {
      out_.AddError("what is immutable is not replaced, either", at);
    }
  }

  void CheckGroups(const Schema& schema, const Path& path) {
    for (const OneOfGroup& group : schema.groups()) {
      if (group.members.size() < 2) out_.AddError("the one_of_group " + group.name + " has one member only", path);
      for (const Field* member : group.members) {
        if (member->rule.one_of_optional != group.optional) {
          out_.AddError("the members of the one_of_group " + group.name + " differ in one_of_optional", path);
        }
      }
    }
  }

  Part part_;
  std::uint32_t defaults_revision_;
  Diagnostics out_;
};

void LintReferences(const Schema& schema, const Path& path, const std::set<std::string>& kinds, Diagnostics* out) {
  for (const Field& field : schema.fields()) {
    const Path at = path.Attribute(field.name);
    for (const auto* list : {&field.rule.references, &field.rule.key_references}) {
      for (const std::string& kind : *list) {
        if (!kinds.contains(kind)) out->AddError("it refers to the kind " + kind + ", which does not exist", at);
      }
    }
    if (field.child != nullptr) LintReferences(*field.child, at, kinds, out);
  }
}

void LintChanges(const Kind& kind, const Path& path, Diagnostics* out) {
  for (const Field& field : kind.status_schema().fields()) {
    for (const std::string& name : field.rule.changes_with) {
      if (kind.schema().Find(name) == nullptr) {
        out->AddError("it changes with " + name + ", which the spec does not have", path.Attribute(field.name));
      }
    }
  }
}

}  // namespace

Diagnostics LintKind(const Kind& kind) {
  Diagnostics out;
  const Path root = Path().Attribute(kind.name());
  if (kind.doc().empty()) out.AddError("the kind's doc is missing", root);
  if (kind.plural().empty() || kind.plural() == kind.name()) out.AddError("the kind's plural is missing", root);
  if (kind.schema_revision() == 0) out.AddError("schema_revision counts from 1", root);
  if (kind.defaults_revision() == 0) out.AddError("defaults_revision counts from 1", root);
  const struct {
    Part part;
    const char* name;
    const Schema& schema;
  } parts[] = {{Part::kSpec, "spec", kind.schema()},
               {Part::kObserved, "observed", kind.observed_schema()},
               {Part::kStatus, "status", kind.status_schema()}};
  for (const auto& part : parts) {
    Linter linter(part.part, kind.defaults_revision());
    linter.Walk(part.schema, root.Attribute(part.name), true, false);
    out.Append(linter.Take());
  }
  LintChanges(kind, root.Attribute("status"), &out);
  return out;
}

Diagnostics LintKinds(const std::vector<const Kind*>& kinds) {
  Diagnostics out;
  std::set<std::string> names;
  std::set<std::string> spoken;
  for (const Kind* kind : kinds) names.insert(kind->name());
  for (const Kind* kind : kinds) {
    const Path root = Path().Attribute(kind->name());
    std::vector<std::string> own = kind->short_names();
    own.push_back(kind->name());
    own.push_back(kind->plural());
    for (const std::string& name : own) {
      if (!spoken.insert(name).second) out.AddError("the name " + name + " is used by two kinds", root);
    }
    LintReferences(kind->schema(), root.Attribute("spec"), names, &out);
  }
  return out;
}

}  // namespace podwright::kinds
