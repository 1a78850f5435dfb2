#include "kinds/schema.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "kinds/names.h"
#include "podwright/v1/options.pb.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

Format FromProto(v1::Format format) {
  switch (format) {
    case v1::FORMAT_DURATION: return Format::kDuration;
    case v1::FORMAT_SIZE: return Format::kSize;
    case v1::FORMAT_PATH: return Format::kPath;
    case v1::FORMAT_FILE_MODE: return Format::kFileMode;
    case v1::FORMAT_CIDR: return Format::kCidr;
    case v1::FORMAT_NAME: return Format::kName;
    default: return Format::kNone;
  }
}

Rule MakeRule(const FieldDescriptor& field) {
  const v1::FieldRule& option = field.options().GetExtension(v1::field);
  Rule rule;
  rule.doc = option.doc();
  rule.required = option.required();
  rule.default_text = option.default_value();
  for (const v1::FormerDefault& former : option.former_defaults()) {
    rule.former_defaults.push_back({former.last_revision(), former.value()});
  }
  rule.allowed.assign(option.allowed().begin(), option.allowed().end());
  rule.pattern = Pattern(option.pattern());
  rule.key_pattern = Pattern(option.key_pattern());
  if (option.has_min()) rule.min = option.min();
  if (option.has_max()) rule.max = option.max();
  rule.references.assign(option.references().begin(), option.references().end());
  rule.key_references.assign(option.key_references().begin(), option.key_references().end());
  rule.sensitive = option.sensitive();
  rule.write_only = option.write_only();
  rule.volatile_fact = option.volatile_fact();
  rule.immutable = option.immutable();
  rule.change = option.change() == v1::CHANGE_MODE_REPLACE ? ChangeMode::kReplace : ChangeMode::kInPlace;
  rule.known_unless_changed = option.known_unless_changed();
  rule.changes_with.assign(option.changes_with().begin(), option.changes_with().end());
  rule.one_of_group = option.one_of_group();
  rule.one_of_optional = option.one_of_optional();
  rule.former_names.assign(option.former_names().begin(), option.former_names().end());
  rule.since = option.since();
  rule.format = FromProto(option.format());
  rule.key_format = FromProto(option.key_format());
  rule.max_length = option.max_length();
  return rule;
}

Result<FieldType> TypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING: return FieldType::kString;
    case FieldDescriptor::TYPE_BOOL: return FieldType::kBool;
    case FieldDescriptor::TYPE_INT64: return FieldType::kInt64;
    case FieldDescriptor::TYPE_DOUBLE: return FieldType::kDouble;
    case FieldDescriptor::TYPE_ENUM: return FieldType::kEnum;
    case FieldDescriptor::TYPE_MESSAGE: return FieldType::kMessage;
    default:
      return InvalidArgument(field.full_name() + ": the type " + field.type_name() +
                             " has no form: use string, bool, int64, double, an enum or a message");
  }
}

// SYNC_MODE_QUORUM of the enum SyncMode is "quorum".
std::vector<EnumValue> EnumValues(const EnumDescriptor& descriptor) {
  std::string prefix = SnakeCase(descriptor.name()) + "_";
  std::vector<EnumValue> values;
  for (int i = 0; i < descriptor.value_count(); ++i) {
    const auto& value = *descriptor.value(i);
    if (value.number() == 0) continue;
    std::string text = value.name();
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
    values.push_back({std::move(text), value.options().GetExtension(v1::value_doc), value.number()});
  }
  return values;
}

}  // namespace

std::string_view FieldTypeName(FieldType type) {
  switch (type) {
    case FieldType::kString: return "string";
    case FieldType::kBool: return "bool";
    case FieldType::kInt64: return "integer";
    case FieldType::kDouble: return "number";
    case FieldType::kEnum: return "string";
    case FieldType::kMessage: return "object";
  }
  return "";
}

std::string Rule::Summary() const {
  // A sentence ends at a full stop before a space: `0.5`, `/etc/x.conf` and "e.g." in one word go on.
  const std::size_t end = doc.find(". ");
  return end == std::string::npos ? doc : doc.substr(0, end + 1);
}

const std::string& Rule::DefaultAt(std::uint32_t defaults_revision) const {
  for (const FormerDefault& former : former_defaults) {
    if (defaults_revision <= former.last_revision) return former.text;
  }
  return default_text;
}

const EnumValue* Field::FindEnum(std::string_view text) const {
  for (const EnumValue& value : enum_values) {
    if (value.text == text) return &value;
  }
  return nullptr;
}

const EnumValue* Field::FindEnum(int number) const {
  for (const EnumValue& value : enum_values) {
    if (value.number == number) return &value;
  }
  return nullptr;
}

class SchemaBuilder {
 public:
  Result<std::unique_ptr<const Schema>> Build(const Descriptor* descriptor) {
    if (std::find(open_.begin(), open_.end(), descriptor) != open_.end()) {
      return InvalidArgument(descriptor->full_name() + " contains itself: documents have a fixed depth");
    }
    open_.push_back(descriptor);
    std::unique_ptr<Schema> schema(new Schema);
    schema->descriptor_ = descriptor;
    std::vector<const FieldDescriptor*> ordered;
    for (int i = 0; i < descriptor->field_count(); ++i) ordered.push_back(descriptor->field(i));
    std::sort(ordered.begin(), ordered.end(),
              [](const FieldDescriptor* a, const FieldDescriptor* b) { return a->number() < b->number(); });
    for (const FieldDescriptor* field : ordered) PW_TRY(AddField(*field, schema.get()));
    CollectGroups(schema.get());
    open_.pop_back();
    return std::unique_ptr<const Schema>(std::move(schema));
  }

 private:
  Status AddField(const FieldDescriptor& descriptor, Schema* schema) {
    Field field;
    field.name = descriptor.name();
    field.descriptor = &descriptor;
    if (descriptor.is_map()) {
      field.cardinality = Cardinality::kMap;
      field.map_key = descriptor.message_type()->map_key();
      field.map_value = descriptor.message_type()->map_value();
      if (field.map_key->type() != FieldDescriptor::TYPE_STRING) {
        return InvalidArgument(descriptor.full_name() + ": the keys of a map are strings");
      }
    } else if (descriptor.is_repeated()) {
      field.cardinality = Cardinality::kList;
    }
    PW_ASSIGN(field.type, TypeOf(*field.value_descriptor()));
    field.rule = MakeRule(descriptor);
    if (field.type == FieldType::kEnum) field.enum_values = EnumValues(*field.value_descriptor()->enum_type());
    if (field.type == FieldType::kMessage) {
      PW_ASSIGN(auto child, Build(field.value_descriptor()->message_type()));
      schema->has_references_ |= child->has_references();
      schema->has_defaults_ |= child->has_defaults();
      schema->has_sensitive_ |= child->has_sensitive();
      field.child = child.get();
      schema->children_.push_back(std::move(child));
    }
    schema->has_references_ |= !field.rule.references.empty() || !field.rule.key_references.empty();
    schema->has_defaults_ |= !field.rule.default_text.empty() || !field.rule.former_defaults.empty();
    schema->has_sensitive_ |= field.rule.sensitive || field.rule.write_only;
    schema->fields_.push_back(std::move(field));
    return Ok();
  }

  static void CollectGroups(Schema* schema) {
    for (const Field& field : schema->fields_) {
      if (field.rule.one_of_group.empty()) continue;
      auto group = std::find_if(schema->groups_.begin(), schema->groups_.end(),
                                [&](const OneOfGroup& g) { return g.name == field.rule.one_of_group; });
      if (group == schema->groups_.end()) {
        group = schema->groups_.insert(group, {field.rule.one_of_group, field.rule.one_of_optional, {}});
      }
      group->members.push_back(&field);
    }
  }

  std::vector<const Descriptor*> open_;
};

Result<std::unique_ptr<const Schema>> Schema::FromDescriptor(const Descriptor* descriptor) {
  return SchemaBuilder().Build(descriptor);
}

Schema::~Schema() = default;

const Field* Schema::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const Field* Schema::FindByFormerName(std::string_view name) const {
  for (const Field& field : fields_) {
    const auto& former = field.rule.former_names;
    if (std::find(former.begin(), former.end(), name) != former.end()) return &field;
  }
  return nullptr;
}

std::vector<std::string> Schema::Names() const {
  std::vector<std::string> names;
  for (const Field& field : fields_) names.push_back(field.name);
  return names;
}

}  // namespace podwright::kinds
