#include "reconciler/control/bindings.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <charconv>
#include <vector>

#include "podwright/v1/options.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/planner/facts.h"

namespace podwright::control {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kMaxValueBytes = 4096;

std::vector<std::string> Split(const std::string& path) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/') {
      parts.emplace_back();
    } else if (path[i] == '~' && i + 1 < path.size() && (path[i + 1] == '0' || path[i + 1] == '1')) {
      parts.back() += path[++i] == '0' ? '~' : '/';
    } else {
      parts.back() += path[i];
    }
  }
  return parts;
}

// A scalar of `message`: a field of its own, or the `index`-th of a list.
Result<std::string> Scalar(const Message& message, const FieldDescriptor& field, int index) {
  const auto& r = *message.GetReflection();
  const auto* f = &field;
  const bool list = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return list ? r.GetRepeatedString(message, f, index) : r.GetString(message, f);
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(list ? r.GetRepeatedInt64(message, f, index) : r.GetInt64(message, f));
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(list ? r.GetRepeatedInt32(message, f, index) : r.GetInt32(message, f));
    case FieldDescriptor::CPPTYPE_BOOL:
      return std::string((list ? r.GetRepeatedBool(message, f, index) : r.GetBool(message, f)) ? "true" : "false");
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::to_string(list ? r.GetRepeatedEnumValue(message, f, index) : r.GetEnumValue(message, f));
    default: return InvalidArgument("it does not end at a text, a number or a flag");
  }
}

// The entry of a map with string keys; nullptr: there is none.
const Message* EntryOf(const Message& message, const FieldDescriptor& field, const std::string& key) {
  const auto& reflection = *message.GetReflection();
  const FieldDescriptor* key_field = field.message_type()->map_key();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    if (entry.GetReflection()->GetString(entry, key_field) == key) return &entry;
  }
  return nullptr;
}

class Walk {
 public:
  explicit Walk(std::vector<std::string> parts) : parts_(std::move(parts)) {}

  Result<std::string> From(const Message& message) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(Next());
    if (field == nullptr) return InvalidArgument("there is no such field");
    if (field->options().GetExtension(v1::field).volatile_fact()) return InvalidArgument("the field is volatile");
    if (field->is_map()) return InMap(message, *field);
    if (field->is_repeated()) return InList(message, *field);
    return Value(message, *field);
  }

 private:
  bool AtEnd() const { return at_ == parts_.size(); }
  std::string Next() { return AtEnd() ? std::string() : parts_[at_++]; }

  Result<std::string> Value(const Message& message, const FieldDescriptor& field) {
    const bool there = !field.has_presence() || message.GetReflection()->HasField(message, &field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (AtEnd()) return InvalidArgument("it does not end at a text, a number or a flag");
      return From(message.GetReflection()->GetMessage(message, &field));
    }
    if (!AtEnd()) return InvalidArgument("it goes on behind a scalar");
    if (!there) return NotFound("there is no value");
    return Scalar(message, field, -1);
  }

  Result<std::string> InMap(const Message& message, const FieldDescriptor& field) {
    if (AtEnd() || field.message_type()->map_key()->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
      return InvalidArgument("a map wants a key");
    }
    const Message* entry = EntryOf(message, field, Next());
    if (entry == nullptr) return NotFound("there is no such key");
    return Value(*entry, *field.message_type()->map_value());
  }

  Result<std::string> InList(const Message& message, const FieldDescriptor& field) {
    const std::string text = Next();
    int index = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size() || index < 0) {
      return InvalidArgument("a list wants a position");
    }
    if (index >= message.GetReflection()->FieldSize(message, &field)) return NotFound("the list is shorter");
    if (!AtEnd()) return InvalidArgument("it goes on behind a scalar");
    return Scalar(message, field, index);
  }

  const std::vector<std::string> parts_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::string> ValueAt(const Message& observed, const std::string& path) {
  return Walk(Split(path)).From(observed);
}

Result<std::string> ResolveBinding(const planner::Facts& facts, const v1::FactBinding& binding) {
  const planner::ObjectKey key{binding.object().kind(), binding.object().name()};
  const std::string what = binding.path() + " of " + key.Text() + " on " + binding.server();
  const auto* observed = facts.FindObserved(key, binding.server());
  if (observed == nullptr) return FailedPrecondition("it needs " + what + ", and nothing was observed there yet");
  auto value = ValueAt(*observed->input.observed, binding.path());
  if (!value.ok()) return FailedPrecondition("it needs " + what + ": " + value.error().message());
  if (value->empty()) return FailedPrecondition("it needs " + what + ", which is empty");
  if (value->size() > kMaxValueBytes) return FailedPrecondition("it needs " + what + ", which is too long");
  return value;
}

}  // namespace podwright::control
