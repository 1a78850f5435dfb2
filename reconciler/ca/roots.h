// The CA's roots as they stand in the store: one key, so that every step of a rollover is one transaction.
//
// Threading: any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/crypto/certificate.h"
#include "core/crypto/envelope.h"
#include "core/crypto/keys.h"
#include "core/result.h"
#include "reconciler/store/store.h"

namespace podwright::ca {

struct Root {
  std::string fingerprint;
  std::string certificate_pem;
  std::string encrypted_key;  // under the envelope key, bound to the fingerprint
};

struct RootSet {
  std::vector<Root> roots;  // in the order of their making; all are trusted
  std::string signing;      // the fingerprint of the one that signs
  WallTime switched;        // when `signing` changed last
  store::Revision revision = 0;

  const Root* Signing() const;
  Result<std::vector<crypto::Certificate>> Certificates() const;
};

class RootStore {
 public:
  RootStore(store::Store& store, const crypto::EnvelopeKeyring& keys) : store_(store), keys_(keys) {}

  // nullopt: there is none yet. kDataLoss: what is stored is damaged.
  Result<std::optional<RootSet>> Load();
  // False: somebody else changed it since it was loaded.
  Result<bool> Save(const RootSet& set);
  Result<Root> Make(WallTime now);
  // kDataLoss when the key was changed or belongs to another root.
  Result<crypto::PrivateKey> Key(const Root& root);

 private:
  store::Store& store_;
  const crypto::EnvelopeKeyring& keys_;
};

}  // namespace podwright::ca
