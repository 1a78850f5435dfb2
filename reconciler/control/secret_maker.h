// Makes the values that generators ask for, and keeps what a workspace needs for that: its own CA, whose
// certificates are trusted by whoever has the part `ca`, and the key to which values are sealed for Git.
// Both lie in the secrets' store under names that no declared secret can have. The CA is not that of the
// agents: no certificate of a workspace ever passes for an agent's.
//
// Threading: under the control plane's lock.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/crypto/keys.h"
#include "core/crypto/secret.h"
#include "core/random.h"
#include "core/result.h"
#include "core/sealed_value.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/secrets/secret_store.h"

namespace podwright::control {

struct MadeValue {
  crypto::SecretString value;      // with parts: EncodeParts of them
  std::vector<std::string> parts;  // sorted
};

class SecretMaker {
 public:
  // All must outlive it.
  SecretMaker(secrets::SecretStore& store, Clock& clock, Random& random)
      : store_(store), clock_(clock), random_(random) {}

  // `name` stands in the OpenSSH forms of keys.
  Result<MadeValue> Make(const std::string& workspace, const std::string& name,
                         const v1::kinds::SecretGenerator& generator);
  // What Make will answer, sorted.
  static std::vector<std::string> PartsOf(const v1::kinds::SecretGenerator& generator);

  static std::chrono::milliseconds LifeOf(const v1::kinds::SecretCertificate& certificate);

  // Made when it is asked for first.
  Result<SealedValueKey> SealingKey(const std::string& workspace);
  Result<crypto::SecretString> Unseal(const std::string& workspace, const std::string& name, const std::string& sealed);

 private:
  struct Authority;
  Result<Authority> AuthorityOf(const std::string& workspace, WallTime needed_until);
  Result<MadeValue> MakeCertificate(const std::string& workspace, const v1::kinds::SecretCertificate& wanted);
  Result<crypto::PrivateKey> UnsealingKey(const std::string& workspace);

  secrets::SecretStore& store_;
  Clock& clock_;
  Random& random_;
};

}  // namespace podwright::control
