// Secrets at rest: versions of values by workspace and name, encrypted under the envelope key and bound to
// their place, so that no value can be passed off as another.
//
// In the store: secrets/meta/<workspace>/<name> says which versions there are, secrets/value/… holds
// the values, secrets/request/… remembers idempotency keys. Version numbers are never used again, also
// not after a deletion.
//
// A secret is one value or several named parts (parts.h); parts are stored together and delivered one by one.
// Every opening is reported before the value is given out, and a value whose report fails stays closed.
// Errors: kNotFound: no such secret or version; kConflict: an idempotency key was used for another
// value; kDataLoss: a stored value was changed.
// Threading: any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/crypto/envelope.h"
#include "core/crypto/secret.h"
#include "core/result.h"
#include "reconciler/store/store.h"

namespace podwright::secrets {

inline constexpr std::size_t kMaxSecretBytes = 256 << 10;

struct SecretName {
  std::string workspace;
  std::string name;
};

struct VersionInfo {
  std::int64_t version = 0;
  WallTime created;
  std::vector<std::string> parts;  // sorted; none: one value
};

// Nothing about the value, not even its length.
struct SecretInfo {
  SecretName secret;
  std::int64_t current = 0;
  std::vector<VersionInfo> versions;  // in their order
};

struct OpenedSecret {
  std::int64_t version = 0;
  crypto::SecretString value;      // with parts: as EncodeParts made it
  std::vector<std::string> parts;  // sorted; none: one value
};

struct SealedSecret {
  std::int64_t version = 0;
  std::string sealed;  // core/crypto/seal.h; associated data "<workspace>/<name>/<version>[/<part>]"
};

struct Opening {
  SecretName secret;
  std::int64_t version = 0;
  std::string by;       // "agent:web-1", "token:ci"
  std::string purpose;  // "deliver", "read"
};

class SecretStore {
 public:
  using AuditOpening = std::function<Status(const Opening&)>;

  // All must outlive it. `audit` is called on the caller's thread.
  SecretStore(store::Store& store, const crypto::EnvelopeKeyring& keys, Clock& clock, AuditOpening audit);

  // Makes the next version, or answers the one that the same idempotency key (not empty) made before. With parts
  // `value` is what EncodeParts made of them. Of many versions the oldest go, but those that are `used` stay.
  Result<std::int64_t> Set(const SecretName& secret, const crypto::SecretString& value,
                           std::string_view idempotency_key, const std::vector<std::string>& parts = {},
                           const std::set<std::int64_t>& used = {});
  // `version` 0: the current one.
  Result<OpenedSecret> Open(const SecretName& secret, std::int64_t version, const std::string& by);
  // The value, or one part of it, sealed to the 32 raw bytes of an agent's X25519 key.
  Result<SealedSecret> SealFor(const SecretName& secret, std::int64_t version, std::string_view agent_public_key,
                               const std::string& agent, const std::string& part = "");
  Result<SecretInfo> Describe(const SecretName& secret);
  // The highest version that ever was, also of a deleted secret; 0: none. The next one is one more.
  Result<std::int64_t> LastVersion(const SecretName& secret);
  // All secrets of a workspace that are not deleted.
  Result<std::vector<SecretInfo>> List(const std::string& workspace);
  // All its versions. Deleting what is not there is kNotFound.
  Status Delete(const SecretName& secret);

 private:
  struct Meta;
  struct Loaded;
  Result<Loaded> Load(const SecretName& secret);
  Result<std::optional<std::int64_t>> Remembered(const SecretName& secret, const std::string& request_key,
                                                 const crypto::SecretString& value);
  Result<VersionInfo> Resolve(const SecretName& secret, std::int64_t version);
  Result<crypto::SecretBytes> Decrypt(const SecretName& secret, std::int64_t version);

  store::Store& store_;
  const crypto::EnvelopeKeyring& keys_;
  Clock& clock_;
  const AuditOpening audit_;
};

// The associated data of a sealed delivery, for the side that opens it too.
std::string DeliveryData(const SecretName& secret, std::int64_t version, const std::string& part = "");

}  // namespace podwright::secrets
