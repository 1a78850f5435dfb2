// The key and certificate of our listeners: issued by the internal CA at the start, renewed long before they
// expire and when the CA signs with another root, without a restart.
//
// They lie in `folder` (0700): gRPC's servers watch key.pem and chain.pem there, the HTTPS server takes
// Current(). The key never leaves this host; a new start makes a new one.
// Threading: any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "core/clock.h"
#include "core/crypto/certificate.h"
#include "core/result.h"

namespace podwright::ca {
class CertificateAuthority;
}

namespace podwright::daemon {

struct TlsMaterial {
  std::string key_pem;
  std::string chain_pem;  // leaf first, the root last
};

class ServerIdentity {
 public:
  static constexpr std::chrono::hours kLifetime{24 * 30};

  // `authority` and `clock` must outlive it.
  static Result<std::unique_ptr<ServerIdentity>> Open(ca::CertificateAuthority& authority, Clock& clock,
                                                      crypto::SubjectNames names, std::filesystem::path folder);

  // Issues anew when a third of the lifetime is left, or another root signs.
  Status RenewIfDue();
  // Never null; shared with handshakes that are under way while it is replaced.
  std::shared_ptr<const TlsMaterial> Current() const;
  std::filesystem::path KeyFile() const { return folder_ / "current" / "key.pem"; }
  std::filesystem::path ChainFile() const { return folder_ / "current" / "chain.pem"; }

 private:
  ServerIdentity(ca::CertificateAuthority& authority, Clock& clock, crypto::SubjectNames names,
                 std::filesystem::path folder);
  Status Issue(const std::string& root);
  Status Write(const TlsMaterial& material);

  ca::CertificateAuthority& authority_;
  Clock& clock_;
  const crypto::SubjectNames names_;
  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsMaterial> current_;  // protected by mutex_
  WallTime not_after_{};                        // protected by mutex_
  std::string root_;                            // protected by mutex_: the fingerprint of the signing one
  int written_ = 0;                             // protected by mutex_
};

}  // namespace podwright::daemon
