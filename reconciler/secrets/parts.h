// Several named values in one: what a secret with parts is at rest. Internal to the control plane.
//
// The bytes: for each part, sorted by name, the length of the name (4, big-endian) | name | the length of
// the value (4) | value.
// Errors: kInvalidArgument: a name that is none, or too much; kDataLoss: bytes that EncodeParts did not
// make; kNotFound: no such part.
// Threading: pure; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright::secrets {

inline constexpr std::size_t kMaxParts = 32;

using Parts = std::map<std::string, crypto::SecretString>;

// Lower-case letters, digits, "_", "-" and ".", beginning with a letter; at most 63.
bool IsPartName(std::string_view name);

Result<crypto::SecretString> EncodeParts(const Parts& parts);
Result<Parts> DecodeParts(const crypto::SecretString& encoded);
Result<crypto::SecretString> PartOf(const crypto::SecretString& encoded, const std::string& name);
// A JSON object with just `names` as keys and texts as values. The error names what is missing or too much, no value.
Result<Parts> PartsFromJson(std::string_view json, const std::vector<std::string>& names);
// kInvalidArgument unless just these are there.
Status CheckNames(const Parts& parts, const std::vector<std::string>& names);
std::vector<std::string> NamesOf(const Parts& parts);

}  // namespace podwright::secrets
