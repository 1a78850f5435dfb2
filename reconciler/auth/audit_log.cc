#include "reconciler/auth/audit_log.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "core/crypto/secret.h"
#include "reconciler/auth/audit_text.h"
#include "reconciler/store/helpers.h"

namespace podwright::auth {

using crypto::PrivateKey;
using store::Compare;
using store::Op;

namespace {

constexpr char kEntries[] = "audit/entry/";
constexpr char kHead[] = "audit/head";
constexpr char kKey[] = "audit/key";
constexpr std::size_t kBatch = 50;
constexpr int kMaxAttempts = 200;
// Grows with the attempts up to this, so that of many writers each gets its turn.
constexpr std::chrono::microseconds kLongestPause{5000};
constexpr std::size_t kPage = 200;

std::string EntryKey(std::int64_t sequence) {
  const std::string digits = std::to_string(sequence);
  return kEntries + std::string(20 - digits.size(), '0') + digits;
}

Result<PrivateKey> MakeKey(store::Store& store, const crypto::EnvelopeKeyring& keys) {
  PW_ASSIGN(const PrivateKey key, PrivateKey::Generate(crypto::KeyType::kEd25519));
  PW_ASSIGN(const crypto::SecretString pem, key.Pem());
  PW_ASSIGN(const std::string encrypted, keys.Encrypt(pem.Reveal(), kKey));
  // A log without its key was tampered with: a new key would make whatever is left of it look right.
  PW_ASSIGN(const store::TransactionResult done,
            store.Commit({{Compare::Absent(kKey), Compare::Absent(kHead)}, {Op::Put(kKey, encrypted)}, {}}));
  if (!done.succeeded) return Conflict("the audit log's key is gone, but the log is there");
  return key;
}

Result<PrivateKey> LoadKey(store::Store& store, const crypto::EnvelopeKeyring& keys) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store, kKey));
    if (found) {
      auto pem = keys.Decrypt(found->value, kKey);
      if (!pem.ok()) return pem.error().Wrap("cannot open the audit log's key");
      return PrivateKey::FromPem(pem->Reveal());
    }
    auto made = MakeKey(store, keys);
    // Another control plane may just have made one.
    if (made.ok() || made.error().code() != ErrorCode::kConflict) return made;
  }
  return DataLoss("the audit log's key is gone, but the log is there");
}

// What follows `last` must be the entry `sequence`.
std::optional<std::string> ProblemOf(const store::KeyValue& kv, const AuditEntry& last) {
  const std::string at = "entry " + std::to_string(last.sequence + 1);
  if (kv.key != EntryKey(last.sequence + 1)) return at + " is missing";
  const auto entry = AuditEntry::FromText(kv.value);
  if (!entry.ok()) return at + " cannot be read";
  if (entry->sequence != last.sequence + 1) return at + " stands in another's place";
  if (entry->ComputeHash() != entry->hash) return at + " was changed";
  if (entry->previous != last.hash) return at + " does not follow the one before it";
  return std::nullopt;
}

std::optional<std::string> ProblemOfHead(const SignedHead& head, const AuditEntry& last) {
  if (head.sequence > last.sequence)
    return "entry " + std::to_string(last.sequence + 1) + " and later ones are missing";
  if (head.sequence < last.sequence) return "there are entries after the head";
  if (head.hash != last.hash) return "the head names another last entry";
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::Open(store::Store& store, const crypto::EnvelopeKeyring& keys,
                                                 Clock& clock) {
  PW_ASSIGN(PrivateKey key, LoadKey(store, keys));
  PW_ASSIGN(crypto::PublicKey public_key, key.Public());
  return std::unique_ptr<AuditLog>(new AuditLog(store, clock, std::move(key), std::move(public_key)));
}

Result<AuditLog::Tail> AuditLog::LoadTail() {
  PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, kHead));
  if (!found) return Tail{};
  auto head = SignedHead::Parse(found->value);
  // Going on from a forged head would sign it.
  if (!head.ok() || !head->Check(public_key_).ok()) return DataLoss("the audit log's head was tampered with");
  return Tail{std::move(*head), found->mod_revision};
}

// Nothing: somebody else appended first.
Result<std::optional<AuditLog::Tail>> AuditLog::TryWrite(const Tail& tail, const std::vector<Pending*>& batch) {
  store::Transaction transaction;
  transaction.compares.push_back(Compare::Unchanged(kHead, tail.revision));
  Tail next{tail.head, 0};
  next.head.time = clock_.Now();
  for (const Pending* pending : batch) {
    AuditEntry entry{++next.head.sequence, next.head.time, pending->event, next.head.hash, {}};
    entry.hash = entry.ComputeHash();
    next.head.hash = entry.hash;
    // Also against what a crash or a rollback of the head would leave: no entry is ever overwritten.
    transaction.compares.push_back(Compare::Absent(EntryKey(entry.sequence)));
    transaction.success.push_back(Op::Put(EntryKey(entry.sequence), entry.ToText()));
  }
  PW_TRY(next.head.Sign(key_));
  transaction.success.push_back(Op::Put(kHead, next.head.ToText()));
  transaction.failure.push_back(Op::Get(kHead));
  auto done = store_.Commit(transaction);
  if (!done.ok()) {
    // It may have taken effect all the same; then the head is ours.
    const auto now = LoadTail();
    if (now.ok() && now->head.hash == next.head.hash) return std::optional<Tail>(*now);
    return std::move(done).error();
  }
  if (done->succeeded) {
    next.revision = done->revision;
    return std::optional<Tail>(std::move(next));
  }
  const std::vector<store::KeyValue>& heads = done->responses.at(0).kvs;
  if ((heads.empty() ? 0 : heads[0].mod_revision) == tail.revision) {
    return DataLoss("the audit log has entries after its head");
  }
  return std::optional<Tail>();
}

// Answers the sequence of the batch's first entry.
Result<std::int64_t> AuditLog::Write(const std::vector<Pending*>& batch) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (!tail_) {
      PW_ASSIGN(tail_, LoadTail());
    }
    const std::int64_t first = tail_->head.sequence + 1;
    auto written = TryWrite(*tail_, batch);
    tail_.reset();
    PW_ASSIGN(tail_, std::move(written));
    if (tail_) return first;
    const auto bound = std::min<std::int64_t>(kLongestPause.count(), std::int64_t{50} << std::min(attempt, 10));
    std::this_thread::sleep_for(std::chrono::microseconds(random_.Below(static_cast<std::uint64_t>(bound))));
  }
  return Conflict("others append to the audit log all the time");
}

void AuditLog::Flush(const std::vector<Pending*>& batch) {
  const Result<std::int64_t> first = Write(batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i]->result = first.ok() ? Result<std::int64_t>(*first + static_cast<std::int64_t>(i)) : first;
  }
}

Result<std::int64_t> AuditLog::Append(AuditEvent event) {
  Pending own{CleanEvent(std::move(event))};
  std::unique_lock lock(mutex_);
  queue_.push_back(&own);
  // One of those that wait writes for all of them; the others' entries are its cargo.
  while (!own.done) {
    if (flushing_) {
      flushed_.wait(lock);
      continue;
    }
    flushing_ = true;
    const std::size_t size = std::min(queue_.size(), kBatch);
    const std::vector<Pending*> batch(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
    lock.unlock();
    Flush(batch);
    lock.lock();
    for (Pending* pending : batch) pending->done = true;
    flushing_ = false;
    flushed_.notify_all();
  }
  return own.result;
}

Result<std::vector<AuditEntry>> AuditLog::List(std::int64_t from_sequence, std::size_t limit) {
  store::RangeRequest request;
  request.range = store::Prefix(kEntries);
  request.range.from = EntryKey(std::max<std::int64_t>(from_sequence, 1));
  request.limit = std::clamp<std::size_t>(limit, 1, 1000);
  PW_ASSIGN(const store::RangeResult found, store_.Range(request));
  std::vector<AuditEntry> entries;
  for (const store::KeyValue& kv : found.kvs) {
    PW_ASSIGN(AuditEntry entry, AuditEntry::FromText(kv.value));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<SignedHead> AuditLog::Head() {
  PW_ASSIGN(Tail tail, LoadTail());
  if (tail.revision != 0) return std::move(tail.head);
  SignedHead empty;
  empty.time = clock_.Now();
  PW_TRY(empty.Sign(key_));
  return empty;
}

Result<AuditReport> AuditLog::Verify(const std::optional<SignedHead>& noted) {
  AuditReport report;
  const auto found = [&report](std::string problem) {
    if (!report.problem) report.problem = std::move(problem);
  };
  if (noted && !noted->Check(public_key_).ok()) found("the noted head was not signed by this log's key");

  // Everything at one revision, so that entries that come meanwhile are no problem.
  store::RangeRequest request;
  request.range = store::Single(kHead);
  PW_ASSIGN(const store::RangeResult heads, store_.Range(request));
  if (!heads.kvs.empty()) {
    auto head = SignedHead::Parse(heads.kvs[0].value);
    if (!head.ok() || !head->Check(public_key_).ok()) found("the head's signature does not fit");
    if (head.ok()) report.head = std::move(*head);
  }

  AuditEntry last;
  bool noted_seen = !noted || noted->sequence == 0;
  bool broken = false;
  request = {};
  request.range = store::Prefix(kEntries);
  request.revision = heads.revision;
  request.limit = kPage;
  for (bool more = heads.revision > 0; more && !broken;) {
    PW_ASSIGN(const store::RangeResult page, store_.Range(request));
    for (const store::KeyValue& kv : page.kvs) {
      if (const auto problem = ProblemOf(kv, last); problem) {
        found(*problem);
        broken = true;
        break;
      }
      PW_ASSIGN(last, AuditEntry::FromText(kv.value));
      if (noted && last.sequence == noted->sequence) {
        noted_seen = true;
        if (last.hash != noted->hash)
          found("entry " + std::to_string(last.sequence) + " is not the one that was noted");
      }
    }
    more = page.more;
    if (!page.kvs.empty()) request.range.from = page.kvs.back().key + '\0';
  }
  report.entries = last.sequence;
  if (!broken) {
    if (const auto problem = ProblemOfHead(report.head, last); problem) found(*problem);
    if (!noted_seen) found("the log ends before the entry " + std::to_string(noted->sequence) + " that was noted");
  }
  return report;
}

}  // namespace podwright::auth
