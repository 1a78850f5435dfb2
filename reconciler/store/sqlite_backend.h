// The writing side's view of the tables: what Evaluate reads and changes inside one SQLite transaction.
//
// The first failure of the storage is kept in storage_error(): then the SQLite transaction must be
// rolled back. Errors of the request (an unknown lease) are not kept.
//
// Threading: the writer thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "reconciler/store/sqlite_db.h"
#include "reconciler/store/transaction.h"

namespace podwright::store {

class SqliteBackend final : public Backend {
 public:
  // `db` must outlive the backend.
  static Result<std::unique_ptr<SqliteBackend>> Create(sqlite3* db);

  Result<std::optional<KeyValue>> Current(std::string_view key, Fields fields) override;
  Result<std::vector<KeyValue>> CurrentRange(const KeyRange& range, Fields fields) override;
  Result<bool> LeaseExists(LeaseId lease) override;
  Status Put(const KeyValue& kv, Revision prev_revision) override;
  Status Delete(std::string_view key, Revision revision, Revision prev_revision) override;

  Result<LeaseId> AddLease(std::int64_t ttl_ms);
  // Answers whether keys went with it, as the change of `revision`.
  Result<bool> RemoveLease(LeaseId lease, Revision revision);
  // Forgets what was replaced between the horizon `compacted` and `revision`, the new one.
  Status Compact(Revision compacted, Revision revision);

  Status Begin();
  // `revision` 0: it did not change.
  Status Commit(Revision revision);
  void Rollback();
  // Writes something of this size, to learn whether the storage has room again.
  Status Probe(std::int64_t bytes);

  const std::optional<Error>& storage_error() const { return storage_error_; }

 private:
  enum Sql : std::size_t {
    kCurrentAll,
    kCurrentMeta,
    kRangeAll,
    kRangeMeta,
    kLeaseExists,
    kInsertHistory,
    kSetCurrent,
    kDropCurrent,
    kAddLease,
    kNextLease,
    kTakeLease,
    kDropLease,
    kLeaseKeys,
    kCompactReplaced,
    kCompactDeleted,
    kSetCompacted,
    kBegin,
    kCommit,
    kRollback,
    kSetRevision,
    kProbe,
    kSqlCount
  };
  explicit SqliteBackend(sqlite3* db) : db_(db) {}
  Statement& Use(Sql sql) { return statements_[sql]; }
  template <typename T>
  Result<T> Keep(Result<T> result);
  Result<std::int64_t> NextSeq(Revision revision);

  sqlite3* const db_;
  std::vector<Statement> statements_;
  std::optional<Error> storage_error_;
  Revision seq_revision_ = 0;  // the revision whose rows are being numbered
  std::int64_t next_place_ = 0;
};

}  // namespace podwright::store
