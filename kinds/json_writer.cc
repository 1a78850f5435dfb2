#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <mutex>

#include "kinds/scalar.h"
#include "kinds/schema.h"
#include "kinds/text.h"
#include "kinds/yaml_text.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;

// Schemas of messages that are written without their kind; made once, kept as long as the program. Null: none.
const Schema* SchemaOf(const google::protobuf::Descriptor* descriptor) {
  static std::mutex mutex;
  static auto* const schemas = new std::map<const google::protobuf::Descriptor*, std::unique_ptr<const Schema>>;
  const std::lock_guard lock(mutex);
  const auto [slot, fresh] = schemas->try_emplace(descriptor);
  if (fresh) {
    if (auto made = Schema::FromDescriptor(descriptor); made.ok()) slot->second = std::move(made).value();
  }
  return slot->second.get();
}

class JsonWriter {
 public:
  JsonWriter(const JsonOptions& options, std::string* out) : options_(options), out_(*out) {}

  void Object(const Schema& schema, const Message& message, int depth) {
    out_ += '{';
    bool any = false;
    for (const Field& field : schema.fields()) {
      if (!IsSet(message, field)) continue;
      Begin(&any, depth + 1);
      Key(field.name);
      if (options_.secrets == Secrets::kHide && (field.rule.sensitive || field.rule.write_only)) {
        out_ += QuoteYaml(kSensitive);
      } else if (field.cardinality == Cardinality::kList) {
        List(field, message, depth + 1);
      } else if (field.cardinality == Cardinality::kMap) {
        Map(field, message, depth + 1);
      } else if (field.child != nullptr) {
        Object(*field.child, message.GetReflection()->GetMessage(message, field.descriptor), depth + 1);
      } else {
        Value(field, GetScalar(message, field));
      }
    }
    End(any, depth, '}');
  }

 private:
  void List(const Field& field, const Message& message, int depth) {
    out_ += '[';
    bool any = false;
    const int size = message.GetReflection()->FieldSize(message, field.descriptor);
    for (int i = 0; i < size; ++i) {
      Begin(&any, depth + 1);
      if (field.child != nullptr) {
        Object(*field.child, message.GetReflection()->GetRepeatedMessage(message, field.descriptor, i), depth + 1);
      } else {
        Value(field, GetElement(message, field, i));
      }
    }
    End(any, depth, ']');
  }

  void Map(const Field& field, const Message& message, int depth) {
    out_ += '{';
    bool any = false;
    for (const auto& [key, entry] : SortedEntries(message, field)) {
      Begin(&any, depth + 1);
      Key(key);
      if (field.child != nullptr) {
        Object(*field.child, EntryMessage(*entry, field), depth + 1);
      } else {
        Value(field, GetMapValue(*entry, field));
      }
    }
    End(any, depth, '}');
  }

  void Value(const Field& field, const Scalar& value) {
    const std::string text = FormatScalar(field, value);
    const bool number =
        field.type == FieldType::kDouble || field.type == FieldType::kBool ||
        (field.type == FieldType::kInt64 && (field.rule.format == Format::kNone || std::get<std::int64_t>(value) < 0));
    // JSON has no inf and nan.
    const bool odd = field.type == FieldType::kDouble && text.find_first_of("in") != std::string::npos;
    out_ += number && !odd ? text : QuoteYaml(text);
  }

  void Key(const std::string& key) { out_ += QuoteYaml(key) + (options_.indent >= 0 ? ": " : ":"); }

  void Begin(bool* any, int depth) {
    if (*any) out_ += ',';
    *any = true;
    NewLine(depth);
  }

  void End(bool any, int depth, char bracket) {
    if (any) NewLine(depth);
    out_ += bracket;
  }

  void NewLine(int depth) {
    if (options_.indent < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth * options_.indent), ' ');
  }

  const JsonOptions& options_;
  std::string& out_;
};

}  // namespace

std::string ToJson(const Message& message, const JsonOptions& options) {
  const Schema* schema = SchemaOf(message.GetDescriptor());
  if (schema == nullptr) return "{}";
  std::string out;
  JsonWriter(options, &out).Object(*schema, message, 0);
  return out;
}

}  // namespace podwright::kinds
