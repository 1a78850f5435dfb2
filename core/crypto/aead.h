// AES-256-GCM. The associated data is not hidden, but a ciphertext opens only under the same one.
//
// Errors: kInvalidArgument for a key of the wrong length; kDataLoss when a ciphertext does not open, without
// saying why. Threading: pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;

// nonce | ciphertext | tag, under a random nonce.
Result<std::string> AeadEncrypt(std::string_view key, std::string_view plaintext, std::string_view associated_data);
Result<SecretBytes> AeadDecrypt(std::string_view key, std::string_view sealed, std::string_view associated_data);

// ciphertext | tag. Never twice with the same key and nonce.
Result<std::string> AeadEncryptWithNonce(std::string_view key, std::string_view nonce, std::string_view plaintext,
                                         std::string_view associated_data);
Result<SecretBytes> AeadDecryptWithNonce(std::string_view key, std::string_view nonce, std::string_view sealed,
                                         std::string_view associated_data);

// `size` bytes of OpenSSL's generator; for keys and nonces.
Result<SecretBytes> RandomSecret(std::size_t size);

}  // namespace podwright::crypto
