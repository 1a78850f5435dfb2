// Whether a spec keeps the rules of its kind. Pure; any thread. Never asserts what came from outside.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "kinds/diagnostic.h"

namespace google::protobuf {
class Message;
}
namespace podwright::v1 {
class DesiredObject;
}

namespace podwright::kinds {

class Kind;
class Registry;

// Every rule of every field, the groups, and the kind's cross-field rules. A field that this program does not
// know is an error which names `schema_revision`, the revision of the program that encoded the spec (0: unknown).
Diagnostics Validate(const Kind& kind, const google::protobuf::Message& spec, std::uint32_t schema_revision = 0);

// What may not differ between two specs of one object: its immutable fields.
Diagnostics ValidateChange(const Kind& kind, const google::protobuf::Message& before,
                           const google::protobuf::Message& after);

// ^[a-z][a-z0-9-]{0,62}$
bool IsValidName(std::string_view name);
Diagnostics ValidateName(std::string_view name);
// Keys: 1 to 63 of [a-z0-9._/-], beginning and ending with a letter or digit; values: at most 63 of
// [A-Za-z0-9._-]. At most 64 labels.
Diagnostics ValidateLabels(const std::map<std::string, std::string>& labels);

// Kind, name, labels and spec of an object that arrived from outside.
Diagnostics ValidateObject(const Registry& registry, const v1::DesiredObject& object);

// The spec from its encoded form; unknown fields and broken bytes are errors.
Result<std::unique_ptr<google::protobuf::Message>> DecodeSpec(const Kind& kind, std::string_view bytes,
                                                              std::uint32_t schema_revision = 0);

// The encoded form, the same bytes each time within one release; digests are made of CanonicalBytes.
std::string EncodeSpec(const google::protobuf::Message& spec);

}  // namespace podwright::kinds
