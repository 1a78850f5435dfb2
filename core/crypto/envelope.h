// Encryption at rest under a named key, so that keys can be replaced: new data goes under the current key,
// old data opens under the key that it names.
//
// The bytes: version 1 | length of the key's id | id | nonce | ciphertext | tag.
// Threading: any thread, once all keys were added.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright::crypto {

class EnvelopeKeyring {
 public:
  // The last one added is the current one. kInvalidArgument: not 32 bytes, a bad id, or one that is known.
  Status Add(std::string_view id, SecretBytes key);
  const std::string& current() const { return current_; }

  // kFailedPrecondition: there is no key.
  Result<std::string> Encrypt(std::string_view plaintext, std::string_view associated_data) const;
  // kFailedPrecondition names a key that is missing; kDataLoss: it does not open.
  Result<SecretBytes> Decrypt(std::string_view sealed, std::string_view associated_data) const;

 private:
  std::map<std::string, SecretBytes, std::less<>> keys_;
  std::string current_;
};

}  // namespace podwright::crypto
