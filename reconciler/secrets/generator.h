// Secrets that nobody has to think up.
//
// Errors: kInvalidArgument for an unknown alphabet, too few characters or a length out of bounds.
// Threading: pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/crypto/secret.h"
#include "core/random.h"
#include "core/result.h"

namespace podwright::secrets {

inline constexpr std::uint32_t kMaxGeneratedLength = 4096;

struct GeneratorSpec {
  std::uint32_t length = 32;              // characters, 1 to 4096
  std::string alphabet = "alphanumeric";  // alphanumeric, hex, base64url; not used with `characters`
  std::string characters;                 // each ASCII character once, at least two
};

// Every character with the same probability.
Result<crypto::SecretString> Generate(const GeneratorSpec& spec, Random& random);

}  // namespace podwright::secrets
