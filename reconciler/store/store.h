// The system of record, in etcd's model: revisioned keys, transactions that compare and then
// write, ranges at a revision, watches and leases. Implementations: memory, SQLite, faulty.
//
// Revisions: every transaction that changes something makes one new revision of the whole store; all
// its changes carry it. The first is 1. History stays readable, and watchable, back to the
// last Compact.
//
// Errors, the same for all implementations:
//   kInvalidArgument    a limit of limits.h, an empty key, one key changed twice in a transaction, a
//                       revision that is not there yet
//   kOutOfRange         the revision was compacted
//   kNotFound           the lease is unknown or has expired
//   kResourceExhausted  no space left; passing
//   kUnavailable, …     the storage failed. A failed Commit may or may not have taken effect, as with
//                       any network; so callers compare before they write, and then try again.
// Comparisons that do not hold are no error: TransactionResult::succeeded is false.
//
// Threading: all methods of Store may be called from any thread. Watchers must be destroyed before
// their store.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace podwright::store {

using Revision = std::int64_t;  // 0 in a request: the latest
using LeaseId = std::int64_t;   // 0: no lease

struct KeyValue {
  std::string key;
  std::string value;
  Revision create_revision = 0;
  Revision mod_revision = 0;
  std::int64_t version = 0;  // 1 when created, one more at each put; deletion starts again
  LeaseId lease = 0;
  bool operator==(const KeyValue&) const = default;
};

// The keys in [from, to); an empty `to` means to the end of all keys.
struct KeyRange {
  std::string from;
  std::string to;
  bool Contains(std::string_view key) const { return key >= from && (to.empty() || key < to); }
  bool operator==(const KeyRange&) const = default;
};
KeyRange Single(std::string_view key);
// All keys that begin with `prefix`. The empty prefix: all keys.
KeyRange Prefix(std::string_view prefix);

struct Compare {
  enum class Target { kModRevision, kCreateRevision, kVersion, kValue, kLease };
  enum class Relation { kEqual, kNotEqual, kGreater, kLess };
  std::string key;
  Target target = Target::kModRevision;
  Relation relation = Relation::kEqual;
  std::int64_t number = 0;  // for all targets but kValue; an absent key has 0 in each
  std::string value;        // for kValue, bytewise; no relation holds for an absent key's value

  static Compare Absent(std::string key);
  static Compare Exists(std::string key);
  static Compare Unchanged(std::string key, Revision mod_revision);  // 0: still absent
  static Compare ValueIs(std::string key, std::string value);
};

struct Op {
  enum class Type { kPut, kDelete, kGet };
  Type type = Type::kGet;
  std::string key;    // kPut
  std::string value;  // kPut
  LeaseId lease = 0;  // kPut; 0 detaches the key from its lease
  KeyRange range;     // kDelete, kGet

  static Op Put(std::string key, std::string value, LeaseId lease = 0);
  static Op Delete(std::string_view key);
  static Op DeleteRange(KeyRange range);
  static Op Get(std::string_view key);
  static Op GetRange(KeyRange range);
};

// All comparisons hold: `success` is done in its order, else `failure`; atomically and durably.
// A branch may change a key only once. A get sees the puts and deletes before it.
struct Transaction {
  std::vector<Compare> compares;
  std::vector<Op> success;
  std::vector<Op> failure;
};

struct OpResult {
  std::vector<KeyValue> kvs;  // kGet: in the order of keys
  std::int64_t deleted = 0;   // kDelete: how many keys went
};

struct TransactionResult {
  bool succeeded = false;
  Revision revision = 0;  // of the store after the transaction
  std::vector<OpResult> responses;
};

struct RangeRequest {
  KeyRange range;
  Revision revision = 0;
  std::size_t limit = 0;  // 0: none
  bool keys_only = false;
};

struct RangeResult {
  std::vector<KeyValue> kvs;  // in the bytewise order of keys
  Revision revision = 0;      // of the store when it was read; watch from here + 1
  bool more = false;          // `limit` cut the answer off
};

struct Event {
  enum class Type { kPut, kDelete };
  Type type = Type::kPut;
  KeyValue kv;                 // kDelete: only key and mod_revision
  Revision prev_revision = 0;  // the mod_revision that this change replaced; 0: the key was absent
  bool operator==(const Event&) const = default;
};

struct WatchBatch {
  // In the order of revisions; the events of one revision are never parted. Empty: the deadline came.
  std::vector<Event> events;
  // Everything up to and with this revision was delivered by this batch or before it.
  Revision revision = 0;
};

// Reads events by itself from the history, so that a slow watcher costs no memory. One thread calls Next;
// Cancel may be called from any other.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Waits for events until `deadline` of the store's clock. kOutOfRange: compacted before it was
  // delivered; read the range again and watch from there. kCancelled: after Cancel.
  virtual Result<WatchBatch> Next(SteadyTime deadline) = 0;
  virtual void Cancel() = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<TransactionResult> Commit(const Transaction& transaction) = 0;
  virtual Result<RangeResult> Range(const RangeRequest& request) = 0;
  // Events of `range` from `start_revision` on (0: from the next one). kOutOfRange when that is
  // behind the compaction horizon.
  virtual Result<std::unique_ptr<Watcher>> Watch(const KeyRange& range, Revision start_revision) = 0;

  // A lease ends `ttl` after its grant or its last KeepAlive, by the store's clock, and its keys are
  // deleted within moments. A store that opens again gives every lease its whole ttl anew.
  virtual Result<LeaseId> Grant(std::chrono::milliseconds ttl) = 0;
  // Answers the ttl.
  virtual Result<std::chrono::milliseconds> KeepAlive(LeaseId lease) = 0;
  virtual Status Revoke(LeaseId lease) = 0;

  // Forgets what was overwritten or deleted before `revision`, which itself stays readable.
  virtual Status Compact(Revision revision) = 0;

  // The error that keeps the store from writing, if there is one.
  virtual Status Healthy() = 0;
};

}  // namespace podwright::store
