// Canonical bytes of a message: what digests are made of. Protobuf's own deterministic output is not canonical
// across releases; this form is ours.
//
// Byte 0 is the format version, 1. Then the fields that are set, in the order of their numbers, each as
// tag (varint of number * 8 + form), value; then a 0 byte that ends the message. Forms: 0 varint (as protobuf
// encodes integers, bools and enums), 1 eight bytes little-endian, 2 length and bytes, 3 a message (fields and
// its 0 byte), 5 four bytes little-endian; a list is form 4, then the form of its elements, their count, and the
// elements; a map is form 6, then the form of its values, the count, and key, value by the order of the keys'
// bytes. -0.0 is 0.0, and there is one NaN. Empty lists and maps are unset. Fields that the program does not
// know are left out: kinds/validate.h refuses them.
//
// Any thread. Works for every protobuf message without groups.
#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace podwright::kinds {

struct CanonicalOptions {
  bool without_volatile = false;    // leaves out fields marked volatile_fact, at any depth
  bool without_write_only = false;  // … and those marked write_only
};

std::string CanonicalBytes(const google::protobuf::Message& message, const CanonicalOptions& options = {});

}  // namespace podwright::kinds
