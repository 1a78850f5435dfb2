// The audit log: every mutation and every refusal, in a hash chain with a signed head, in the store.
//
// audit/entry/<sequence> holds the entries, audit/head the head, audit/key the Ed25519 key, encrypted under the
// envelope key. Whoever can write to the store but does not have the envelope key cannot change, remove, add or
// reorder entries without Verify finding it; cutting the end off together with the head shows against a head
// that was noted elsewhere. Several control planes may append: the head is compared.
//
// An Append is on the disk when it returns. Those that wait at the same time are written in one
// transaction.
// Errors: kDataLoss: the log was tampered with, so nothing can be appended; else those of the store.
// Threading: any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/crypto/envelope.h"
#include "core/crypto/keys.h"
#include "core/random.h"
#include "core/result.h"
#include "reconciler/auth/audit_entry.h"
#include "reconciler/store/store.h"

namespace podwright::auth {

struct AuditReport {
  std::int64_t entries = 0;            // that hold together from the first one on
  SignedHead head;                     // as stored, valid or not
  std::optional<std::string> problem;  // the first one found
};

class AuditLog {
 public:
  // Makes the key when the log is new. All arguments must outlive the log.
  static Result<std::unique_ptr<AuditLog>> Open(store::Store& store, const crypto::EnvelopeKeyring& keys, Clock& clock);

  // Answers the entry's sequence. Overlong fields are cut, invalid UTF-8 is replaced.
  Result<std::int64_t> Append(AuditEvent event);
  // Entries from a sequence on, in order.
  Result<std::vector<AuditEntry>> List(std::int64_t from_sequence, std::size_t limit);
  // To be noted elsewhere. Of an empty log: sequence 0.
  Result<SignedHead> Head();
  // Walks the whole log. What is wrong with it stands in the report; an error means that it
  // could not be read. `noted`: a head from before, which must still be part of the log.
  Result<AuditReport> Verify(const std::optional<SignedHead>& noted);
  const crypto::PublicKey& public_key() const { return public_key_; }

 private:
  struct Pending {
    AuditEvent event;
    Result<std::int64_t> result = std::int64_t{0};
    bool done = false;
  };
  // The end of the chain, as it was seen last.
  struct Tail {
    SignedHead head;
    store::Revision revision = 0;  // of audit/head; 0: there is none
  };

  AuditLog(store::Store& store, Clock& clock, crypto::PrivateKey key, crypto::PublicKey public_key)
      : store_(store), clock_(clock), key_(std::move(key)), public_key_(std::move(public_key)) {}
  Result<Tail> LoadTail();
  void Flush(const std::vector<Pending*>& batch);
  Result<std::int64_t> Write(const std::vector<Pending*>& batch);
  Result<std::optional<Tail>> TryWrite(const Tail& tail, const std::vector<Pending*>& batch);

  store::Store& store_;
  Clock& clock_;
  const crypto::PrivateKey key_;
  const crypto::PublicKey public_key_;
  std::optional<Tail> tail_;  // of the thread that flushes
  SystemRandom random_;       // the same

  std::mutex mutex_;
  std::condition_variable flushed_;
  std::deque<Pending*> queue_;  // protected by mutex_
  bool flushing_ = false;       // protected by mutex_
};

}  // namespace podwright::auth
