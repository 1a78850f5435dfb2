// The private keys of a member: the one in use and the one that waits, each with its version, in the agent's state
// folder. Only public ones leave this class but for the configuration.
//
// Threading: one thread at a time. Ownership: the environment outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/drivers/driver.h"

namespace podwright::drivers::mesh {

enum class KeyUse { kCurrent, kNext };

struct Key {
  std::int64_t version = 0;
  std::string private_key;
};

class Keys {
 public:
  explicit Keys(Environment& environment) : env_(environment) {}

  // Nothing where there is none, or a file that is no key.
  Result<std::optional<Key>> Read(const std::string& mesh, KeyUse use);
  // Makes one unless one of this version is there; answers whether it did.
  Result<bool> Make(const std::string& mesh, KeyUse use, std::int64_t version);
  // The next key becomes the one in use. Done before: nothing. Failed-precondition: it is not of this version.
  Status Promote(const std::string& mesh, std::int64_t version);
  Status Remove(const std::string& mesh);
  Result<std::string> PublicKeyOf(const Key& key);

 private:
  std::string PathOf(const std::string& mesh, KeyUse use) const;

  Environment& env_;
  std::map<std::string, std::string> known_;  // public keys, by digest of the private one
};

}  // namespace podwright::drivers::mesh
