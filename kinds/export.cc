#include "kinds/export.h"

#include <google/protobuf/message.h>

#include "kinds/diagnostic.h"
#include "kinds/registry.h"
#include "kinds/scalar.h"
#include "kinds/schema.h"
#include "kinds/text.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;
using google::protobuf::Reflection;

void LeaveOut(const Schema& schema, const Path& path, Message* message, std::vector<std::string>* out);

void LeaveOutOfMap(const Field& field, const Path& path, Message* message, std::vector<std::string>* out) {
  const Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < reflection.FieldSize(*message, field.descriptor); ++i) {
    Message* entry = reflection.MutableRepeatedMessage(message, field.descriptor, i);
    const std::string key = entry->GetReflection()->GetString(*entry, field.map_key);
    LeaveOut(*field.child, path.Key(key), entry->GetReflection()->MutableMessage(entry, field.map_value), out);
  }
}

void LeaveOut(const Schema& schema, const Path& path, Message* message, std::vector<std::string>* out) {
  if (!schema.has_sensitive()) return;
  for (const Field& field : schema.fields()) {
    if (!IsSet(*message, field)) continue;
    const Path place = path.Attribute(field.name);
    if (field.rule.sensitive || field.rule.write_only) {
      out->push_back(place.ToString());
      message->GetReflection()->ClearField(message, field.descriptor);
    } else if (field.child != nullptr && field.cardinality == Cardinality::kMap) {
      LeaveOutOfMap(field, place, message, out);
    } else if (field.child != nullptr) {
      LeaveOut(*field.child, place, message->GetReflection()->MutableMessage(message, field.descriptor), out);
    }
  }
}

}  // namespace

ExportedDocument Export(const Kind& kind, std::string_view name, const std::map<std::string, std::string>& labels,
                        const Message& spec) {
  ExportedDocument out;
  const auto kept = kind.NewSpec();
  kept->CopyFrom(spec);
  LeaveOut(kind.schema(), Path(), kept.get(), &out.left_out);
  out.yaml = ToYaml(kind, name, labels, *kept, Secrets::kShow);
  return out;
}

}  // namespace podwright::kinds
