// The schema of a message of a kind (Spec, Observed or Status): a tree made once from its descriptor
// and the options of proto/podwright/v1/options.proto.
//
// Everything here is constant after construction and may be used from any thread. A Schema owns its
// children; fields point to them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "kinds/pattern.h"

namespace google::protobuf {
class Descriptor;
class EnumValueDescriptor;
class FieldDescriptor;
}  // namespace google::protobuf
namespace podwright::kinds {

class Schema;

enum class FieldType { kString, kBool, kInt64, kDouble, kEnum, kMessage };
enum class Cardinality { kSingle, kList, kMap };
enum class Format { kNone, kDuration, kSize, kPath, kFileMode, kCidr, kName };
enum class ChangeMode { kInPlace, kReplace };

// "string", "bool", "number", …: the word for people.
std::string_view FieldTypeName(FieldType type);

struct FormerDefault {
  std::uint32_t last_revision = 0;
  std::string text;  // empty: there was none
};

// What a field means beyond its type; the options say what each member is.
struct Rule {
  std::string doc;
  bool required = false;
  std::string default_text;  // in the form that people write; empty: none
  std::vector<FormerDefault> former_defaults;
  std::vector<std::string> allowed;
  Pattern pattern;
  Pattern key_pattern;
  std::optional<std::int64_t> min;  // of a number; of a list's or a map's size
  std::optional<std::int64_t> max;
  std::vector<std::string> references;  // kinds, by name
  std::vector<std::string> key_references;
  bool sensitive = false;
  bool write_only = false;
  bool volatile_fact = false;
  bool immutable = false;
  ChangeMode change = ChangeMode::kInPlace;
  bool known_unless_changed = false;
  std::vector<std::string> changes_with;
  std::string one_of_group;
  bool one_of_optional = false;
  std::vector<std::string> former_names;
  std::string since;
  Format format = Format::kNone;
  Format key_format = Format::kNone;
  std::int64_t max_length = 0;  // bytes; 0: no limit of its own

  // The first sentence of the doc.
  std::string Summary() const;
  // The default of a revision of the kind's defaults; empty: none.
  const std::string& DefaultAt(std::uint32_t defaults_revision) const;
};

struct EnumValue {
  std::string text;  // SYNC_MODE_QUORUM of SyncMode is "quorum"
  std::string doc;
  int number = 0;
};

struct Field {
  std::string name;
  FieldType type = FieldType::kString;  // of a list: of its elements; of a map: of its values (keys are strings)
  Cardinality cardinality = Cardinality::kSingle;
  Rule rule;
  std::vector<EnumValue> enum_values;                             // without the unspecified one
  const Schema* child = nullptr;                                  // of a message
  const google::protobuf::FieldDescriptor* descriptor = nullptr;  // of the list or map itself, too
  const google::protobuf::FieldDescriptor* map_key = nullptr;     // of a map's entries
  const google::protobuf::FieldDescriptor* map_value = nullptr;

  // What holds a value: `descriptor`, or `map_value` of a map.
  const google::protobuf::FieldDescriptor* value_descriptor() const { return map_value ? map_value : descriptor; }
  const EnumValue* FindEnum(std::string_view text) const;
  const EnumValue* FindEnum(int number) const;
};

struct OneOfGroup {
  std::string name;
  bool optional = false;  // none may be set, too
  std::vector<const Field*> members;
};

class Schema {
 public:
  // Fails for what has no form here (a message inside itself, a type without a form);
  // everything else is the lint's.
  static Result<std::unique_ptr<const Schema>> FromDescriptor(const google::protobuf::Descriptor* descriptor);
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  const google::protobuf::Descriptor* descriptor() const { return descriptor_; }
  const std::vector<Field>& fields() const { return fields_; }  // by field number
  const std::vector<OneOfGroup>& groups() const { return groups_; }
  const Field* Find(std::string_view name) const;
  const Field* FindByFormerName(std::string_view name) const;
  std::vector<std::string> Names() const;
  // Whether a field of it, at any depth, refers to objects: lets walks skip the rest.
  bool has_references() const { return has_references_; }
  bool has_defaults() const { return has_defaults_; }
  bool has_sensitive() const { return has_sensitive_; }

 private:
  Schema() = default;
  friend class SchemaBuilder;

  const google::protobuf::Descriptor* descriptor_ = nullptr;
  std::vector<Field> fields_;
  std::vector<OneOfGroup> groups_;
  std::vector<std::unique_ptr<const Schema>> children_;
  bool has_references_ = false;
  bool has_defaults_ = false;
  bool has_sensitive_ = false;
};

}  // namespace podwright::kinds
