// The internal CA: certificates for Podwright's own listeners and for agents, and who of them is trusted.
//
// Truth is in the store (ca/roots, ca/revoked/…), so several control planes may share one CA. The roots'
// keys are encrypted under the envelope key.
//
// Rollover, in three steps with time between them: BeginRollover makes a second root that is only trusted, until
// every agent has fetched it with a renewal; SwitchRoots signs with it, and the servers' certificates are
// issued anew; FinishRollover drops the old root when no certificate of it is alive. Enrolment
// tokens name the root that signed when they were made: those from before the switch stop working.
//
// Errors: kUnauthenticated: a chain is not trusted or has expired; kPermissionDenied: it was revoked;
// kFailedPrecondition: a step of the rollover out of turn; kDataLoss: what is stored was changed.
// Threading: any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/crypto/certificate.h"
#include "core/crypto/envelope.h"
#include "core/crypto/keys.h"
#include "core/crypto/secret.h"
#include "core/result.h"
#include "reconciler/ca/roots.h"
#include "reconciler/store/store.h"

namespace podwright::ca {

inline constexpr std::chrono::hours kAgentTtl{24};

struct Issued {
  std::vector<std::string> chain_pem;  // leaf first, the root last
  std::string serial;                  // hex
  WallTime not_after;
  std::string ChainText() const;  // all of it in one text
};

struct ServerCertificate {
  crypto::SecretString key_pem;
  Issued certificate;
};

// What stands in an agent's certificate as podwright://agent/<uid>/<name>.
struct AgentIdentity {
  std::string uid;
  std::string name;
  std::string serial;
  WallTime not_after;
};

struct RootInfo {
  std::string fingerprint;
  std::string certificate_pem;
  WallTime not_after;
  bool signing = false;
};

class CertificateAuthority {
 public:
  // Makes the first root when there is none. All arguments must outlive the CA.
  static Result<std::unique_ptr<CertificateAuthority>> Open(store::Store& store, const crypto::EnvelopeKeyring& keys,
                                                            Clock& clock);

  // For a listener of ours, with a new key.
  Result<ServerCertificate> IssueServer(const crypto::SubjectNames& names, std::chrono::milliseconds ttl);
  // For the key of a signing request in DER; the names in the request count for nothing.
  Result<Issued> IssueAgent(std::string_view request_der, const std::string& uid, const std::string& name,
                            std::chrono::milliseconds ttl = kAgentTtl);

  // All that are trusted, the one that signs marked.
  Result<std::vector<RootInfo>> Roots();
  // SHA-256 of the signing root's DER, in hex: what enrolment tokens carry.
  Result<std::string> Fingerprint();

  // Who an agent is by its chain (leaf first). Revoked certificates and agents are refused. With
  // Expiry::kAllowed, for Renew only, an expired certificate is let through.
  Result<AgentIdentity> VerifyAgent(const std::vector<crypto::Certificate>& chain,
                                    crypto::Expiry expiry = crypto::Expiry::kRefused);

  // Revoking twice is no error.
  Status RevokeSerial(const std::string& serial, const std::string& reason);
  Status RevokeAgent(const std::string& uid, const std::string& reason);
  // Success: neither is revoked.
  Status CheckRevoked(const std::string& serial, const std::string& uid);

  Status BeginRollover();
  Status SwitchRoots();
  Status FinishRollover();

 private:
  CertificateAuthority(store::Store& store, const crypto::EnvelopeKeyring& keys, Clock& clock)
      : store_(store), clock_(clock), roots_(store, keys) {}
  Status MakeFirstRoot();
  Result<RootSet> Load();
  Status Save(const RootSet& set);
  Result<Issued> Issue(const crypto::PublicKey& key, const std::string& common_name, const crypto::SubjectNames& names,
                       crypto::Purpose purpose, std::chrono::milliseconds ttl);
  Status Revoke(const std::string& key, const std::string& reason);

  store::Store& store_;
  Clock& clock_;
  RootStore roots_;
};

}  // namespace podwright::ca
