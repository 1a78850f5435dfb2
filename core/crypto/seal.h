// Sealing: anyone can seal to a public key, only its owner can open. X25519 with a fresh key for each
// message, HKDF-SHA256, AES-256-GCM.
//
// The bytes: version 1 | the fresh public key (32) | ciphertext | tag.
// Errors: kInvalidArgument for a key that is none; kDataLoss when something does not open.
// Threading: pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/crypto/keys.h"
#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright::crypto {

// `recipient_public_key`: the 32 raw bytes of an X25519 key.
Result<std::string> Seal(std::string_view recipient_public_key, std::string_view plaintext,
                         std::string_view associated_data);
Result<SecretBytes> Open(const PrivateKey& recipient, std::string_view sealed, std::string_view associated_data);

}  // namespace podwright::crypto
