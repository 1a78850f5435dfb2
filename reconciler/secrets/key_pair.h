// Key pairs as secrets with parts: PEM, and OpenSSH's own forms where OpenSSH knows the algorithm.
//
// The keys come from OpenSSL's own randomness. Errors: kInvalidArgument: an unknown algorithm.
// Threading: any thread.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "reconciler/secrets/parts.h"

namespace podwright::secrets {

// ed25519, ecdsa (P-256), rsa (3072 bits), x25519. `comment` ends the OpenSSH forms.
Result<Parts> MakeKeyPair(const std::string& algorithm, const std::string& comment);
// The names of the parts, sorted.
std::vector<std::string> KeyPairParts(const std::string& algorithm);

}  // namespace podwright::secrets
