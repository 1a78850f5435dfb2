#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "kinds/scalar.h"

namespace podwright::kinds {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Scalar Get(const Message& message, const FieldDescriptor* field, FieldType type) {
  const Reflection& reflection = *message.GetReflection();
  switch (type) {
    case FieldType::kString: return reflection.GetString(message, field);
    case FieldType::kBool: return reflection.GetBool(message, field);
    case FieldType::kInt64: return reflection.GetInt64(message, field);
    case FieldType::kDouble: return reflection.GetDouble(message, field);
    default: return EnumNumber{reflection.GetEnumValue(message, field)};
  }
}

void Set(Message* message, const FieldDescriptor* field, const Scalar& value) {
  const Reflection& reflection = *message->GetReflection();
  if (const auto* text = std::get_if<std::string>(&value)) {
    reflection.SetString(message, field, *text);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    reflection.SetBool(message, field, *flag);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    reflection.SetInt64(message, field, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    reflection.SetDouble(message, field, *number);
  } else {
    reflection.SetEnumValue(message, field, std::get<EnumNumber>(value).number);
  }
}

}  // namespace

Scalar GetScalar(const Message& message, const Field& field) {
  return Get(message, field.descriptor, field.type);
}

Scalar GetElement(const Message& message, const Field& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.type) {
    case FieldType::kString: return reflection.GetRepeatedString(message, field.descriptor, index);
    case FieldType::kBool: return reflection.GetRepeatedBool(message, field.descriptor, index);
    case FieldType::kInt64: return reflection.GetRepeatedInt64(message, field.descriptor, index);
    case FieldType::kDouble: return reflection.GetRepeatedDouble(message, field.descriptor, index);
    default: return EnumNumber{reflection.GetRepeatedEnumValue(message, field.descriptor, index)};
  }
}

Scalar GetMapValue(const Message& entry, const Field& field) {
  return Get(entry, field.map_value, field.type);
}

void SetScalar(Message* message, const Field& field, const Scalar& value) {
  Set(message, field.descriptor, value);
}

void AddElement(Message* message, const Field& field, const Scalar& value) {
  const Reflection& reflection = *message->GetReflection();
  if (const auto* text = std::get_if<std::string>(&value)) {
    reflection.AddString(message, field.descriptor, *text);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    reflection.AddBool(message, field.descriptor, *flag);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    reflection.AddInt64(message, field.descriptor, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    reflection.AddDouble(message, field.descriptor, *number);
  } else {
    reflection.AddEnumValue(message, field.descriptor, std::get<EnumNumber>(value).number);
  }
}

Message* AddMapEntry(Message* message, const Field& field, std::string_view key, const Scalar* value) {
  Message* entry = message->GetReflection()->AddMessage(message, field.descriptor);
  entry->GetReflection()->SetString(entry, field.map_key, std::string(key));
  if (value != nullptr) {
    Set(entry, field.map_value, *value);
    return nullptr;
  }
  return entry->GetReflection()->MutableMessage(entry, field.map_value);
}

std::vector<std::pair<std::string, const Message*>> SortedEntries(const Message& message, const Field& field) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<std::pair<std::string, const Message*>> entries;
  const int count = reflection.FieldSize(message, field.descriptor);
  entries.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, field.descriptor, i);
    entries.emplace_back(entry.GetReflection()->GetString(entry, field.map_key), &entry);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

const Message& EntryMessage(const Message& entry, const Field& field) {
  return entry.GetReflection()->GetMessage(entry, field.map_value);
}

bool IsSet(const Message& message, const Field& field) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cardinality != Cardinality::kSingle) return reflection.FieldSize(message, field.descriptor) > 0;
  return reflection.HasField(message, field.descriptor);
}

}  // namespace podwright::kinds
