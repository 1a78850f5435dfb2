// Values that are sealed to a control plane, so that they may stand in Git: "pws1.<base64url>".
//
// Sealing needs the public key alone and no connection. What was sealed opens for one workspace and one
// secret's name only. The key's text: "podwright-seal-key-1 <workspace> <base64url of 32 bytes>".
// Errors: kInvalidArgument: no key, no sealed value; kDataLoss: it does not open.
// Threading: pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/crypto/keys.h"
#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright {

struct SealedValueKey {
  std::string workspace;
  std::string public_key;  // 32 raw bytes
};

std::string FormatSealingKey(const SealedValueKey& key);
Result<SealedValueKey> ParseSealingKey(std::string_view text);

Result<std::string> SealValue(const SealedValueKey& key, const std::string& secret, std::string_view value);
Result<crypto::SecretString> OpenSealedValue(const crypto::PrivateKey& key, const std::string& workspace,
                                             const std::string& secret, std::string_view sealed);

}  // namespace podwright
