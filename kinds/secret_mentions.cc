#include "kinds/secret_mentions.h"

#include <google/protobuf/message.h>

#include <functional>
#include <set>

#include "podwright/v1/options.pb.h"

namespace podwright::kinds {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Of a field that is a single string or int64 and set; null otherwise.
const FieldDescriptor* SetField(const Message& message, const char* name, FieldDescriptor::CppType type) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated() || field->cpp_type() != type) return nullptr;
  return message.GetReflection()->HasField(message, field) ? field : nullptr;
}

std::string Text(const Message& message, const char* name) {
  const FieldDescriptor* field = SetField(message, name, FieldDescriptor::CPPTYPE_STRING);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

std::int64_t Number(const Message& message, const char* name) {
  const FieldDescriptor* field = SetField(message, name, FieldDescriptor::CPPTYPE_INT64);
  return field == nullptr ? 0 : message.GetReflection()->GetInt64(message, field);
}

bool NamesASecret(const Message& message) {
  const FieldDescriptor* field = SetField(message, "secret", FieldDescriptor::CPPTYPE_STRING);
  if (field == nullptr) return false;
  for (const std::string& kind : field->options().GetExtension(v1::field).references()) {
    if (kind == "secret") return true;
  }
  return false;
}

void Walk(const Message& message, const std::function<void(const Message&)>& visit) {
  visit(message);
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      Walk(reflection->GetMessage(message, field), visit);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      Walk(reflection->GetRepeatedMessage(message, field, i), visit);
    }
  }
}

}  // namespace

std::vector<SecretMention> SecretMentions(const Message& spec) {
  std::vector<SecretMention> out;
  Walk(spec, [&out](const Message& message) {
    if (NamesASecret(message))
      out.push_back({Text(message, "secret"), Text(message, "key"), Number(message, "version")});
  });
  return out;
}

std::vector<std::int64_t> ObservedSecretVersions(const Message& observed, const std::string& secret) {
  std::set<std::int64_t> out;
  Walk(observed, [&](const Message& message) {
    if (Text(message, "name") != secret && Text(message, "secret") != secret) return;
    for (const char* field : {"version", "secret_version"}) out.insert(Number(message, field));
  });
  out.erase(0);
  return {out.begin(), out.end()};
}

}  // namespace podwright::kinds
