// What stands in the audit log, and how its entries hold together: each carries the hash of the one before it,
// and signed heads say which hash was the last one when.
//
// Threading: pure; any thread. Errors: kDataLoss for text that is no entry, kInvalidArgument for text that is
// no head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/crypto/keys.h"
#include "core/digest.h"
#include "core/result.h"

namespace podwright::auth {

struct AuditEvent {
  std::string actor;  // "token:ci", "agent:web-1", "podwrightd"
  std::string verb;   // "apply", "token.create", "secret.open"
  std::string workspace;
  std::string object;   // "server/web-1"
  std::string outcome;  // "ok", "refused", "failed"
  std::string detail;   // for people; never a secret
  bool operator==(const AuditEvent&) const = default;
};

struct AuditEntry {
  std::int64_t sequence = 0;  // from 1
  WallTime time;
  AuditEvent event;
  Digest previous;  // the hash of the entry before; zero for the first
  Digest hash;      // over all of the above

  Digest ComputeHash() const;
  std::string ToText() const;
  static Result<AuditEntry> FromText(const std::string& text);
};

struct SignedHead {
  std::int64_t sequence = 0;  // of the last entry; 0: the log is empty
  Digest hash;
  WallTime time;
  std::string key_id;  // the fingerprint of the public key
  std::string signature;

  Status Sign(const crypto::PrivateKey& key);
  // kPermissionDenied: changed, or signed by another key.
  Status Check(const crypto::PublicKey& key) const;
  // "pwh_" and base64url of JSON: to be noted somewhere else, and given to `audit verify --head`.
  std::string ToText() const;
  static Result<SignedHead> Parse(std::string_view text);

 private:
  std::string SignedBytes() const;
};

}  // namespace podwright::auth
