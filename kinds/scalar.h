// One scalar of a spec, between its message, its text and its rules. For the files of kinds/ only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "kinds/schema.h"

namespace google::protobuf {
class Message;
}

namespace podwright::kinds {

struct EnumNumber {
  int number = 0;
  bool operator==(const EnumNumber&) const = default;
};
using Scalar = std::variant<std::string, bool, std::int64_t, double, EnumNumber>;

struct Problem {
  std::string message;
  std::string suggestion;
};
using Problems = std::vector<Problem>;

// From the form that people write. The error's message says what was expected.
Result<Scalar> ParseScalar(const Field& field, std::string_view text);
std::string FormatScalar(const Field& field, const Scalar& value);

// A field of the cardinality single, an element of a list, the value of a map's entry (`message` is the entry).
Scalar GetScalar(const google::protobuf::Message& message, const Field& field);
Scalar GetElement(const google::protobuf::Message& message, const Field& field, int index);
Scalar GetMapValue(const google::protobuf::Message& entry, const Field& field);
void SetScalar(google::protobuf::Message* message, const Field& field, const Scalar& value);
void AddElement(google::protobuf::Message* message, const Field& field, const Scalar& value);
// Adds an entry; for a message value the message to fill is returned, else null.
google::protobuf::Message* AddMapEntry(google::protobuf::Message* message, const Field& field, std::string_view key,
                                       const Scalar* value);

// The entries of a map by the order of their keys' bytes. Pointers live while the message is not changed.
std::vector<std::pair<std::string, const google::protobuf::Message*>> SortedEntries(
    const google::protobuf::Message& message, const Field& field);
// The message value of a map's entry.
const google::protobuf::Message& EntryMessage(const google::protobuf::Message& entry, const Field& field);
// Whether a field is set: a list or map that is not empty.
bool IsSet(const google::protobuf::Message& message, const Field& field);

// Every rule of the field that the value breaks.
Problems CheckScalar(const Field& field, const Scalar& value);
Problems CheckKey(const Field& field, std::string_view key);
// "KIND/NAME" of a field that takes several kinds; false when it is not of that form.
bool SplitReference(std::string_view text, std::string* kind, std::string* name);

// The offset of the first byte that is no UTF-8, or npos.
std::size_t FindInvalidUtf8(std::string_view text);

}  // namespace podwright::kinds
