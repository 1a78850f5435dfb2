#include "kinds/defaults.h"

#include <google/protobuf/message.h>

#include "kinds/registry.h"
#include "kinds/scalar.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;

void Fill(const Schema& schema, Message* message, std::uint32_t revision) {
  if (!schema.has_defaults()) return;
  const auto& reflection = *message->GetReflection();
  for (const Field& field : schema.fields()) {
    if (field.child != nullptr) {
      if (!field.child->has_defaults() || !IsSet(*message, field)) continue;
      if (field.cardinality == Cardinality::kSingle) {
        Fill(*field.child, reflection.MutableMessage(message, field.descriptor), revision);
        continue;
      }
      const int count = reflection.FieldSize(*message, field.descriptor);
      for (int i = 0; i < count; ++i) {
        Message* entry = reflection.MutableRepeatedMessage(message, field.descriptor, i);
        Fill(*field.child, entry->GetReflection()->MutableMessage(entry, field.map_value), revision);
      }
      continue;
    }
    const std::string& text = field.rule.DefaultAt(revision);
    if (text.empty() || field.cardinality != Cardinality::kSingle || IsSet(*message, field)) continue;
    const auto value = ParseScalar(field, text);
    if (value.ok()) SetScalar(message, field, *value);  // the lint has parsed it at registration
  }
}

}  // namespace

void FillDefaults(const Kind& kind, Message* spec, std::uint32_t defaults_revision) {
  Fill(kind.schema(), spec, defaults_revision == 0 ? kind.defaults_revision() : defaults_revision);
}

}  // namespace podwright::kinds
