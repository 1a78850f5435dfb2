#include "reconciler/store/sqlite_backend.h"

#include <array>
#include <string>
#include <utility>

#include "reconciler/store/sqlite_schema.h"

namespace podwright::store {

namespace {

#define PW_META "c.key, h.create_revision, c.seq, h.version, h.lease"
#define PW_FROM " FROM current c JOIN history h ON h.seq = c.seq "
#define PW_WITHIN "WHERE c.key >= ?1 AND c.key < ?2 ORDER BY c.key"

}  // namespace

Result<std::unique_ptr<SqliteBackend>> SqliteBackend::Create(sqlite3* db) {
  static constexpr std::array<const char*, kSqlCount> kTexts = {
      "SELECT " PW_META ", h.value" PW_FROM "WHERE c.key = ?1",
      "SELECT " PW_META PW_FROM "WHERE c.key = ?1",
      "SELECT " PW_META ", h.value" PW_FROM PW_WITHIN,
      "SELECT " PW_META PW_FROM PW_WITHIN,
      "SELECT 1 FROM leases WHERE id = ?1",
      "INSERT INTO history(seq, key, create_revision, version, prev_revision, lease, deleted, value) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      "INSERT INTO current(key, seq, lease) VALUES(?1, ?2, ?3) "
      "ON CONFLICT(key) DO UPDATE SET seq = excluded.seq, lease = excluded.lease",
      "DELETE FROM current WHERE key = ?1",
      "INSERT INTO leases(id, ttl_ms) VALUES(?1, ?2)",
      "SELECT next_lease FROM state",
      "UPDATE state SET next_lease = next_lease + 1",
      "DELETE FROM leases WHERE id = ?1",
      "SELECT key, seq FROM current WHERE lease = ?1 AND lease > 0 ORDER BY key",
      "DELETE FROM history WHERE seq IN (SELECT old.seq FROM history new JOIN history old ON old.key = new.key "
      "AND old.seq >= new.prev_revision << 20 AND old.seq < (new.prev_revision + 1) << 20 "
      "WHERE new.seq >= ?1 AND new.seq < ?2 AND new.prev_revision > 0)",
      "DELETE FROM history WHERE seq >= ?1 AND seq < ?2 AND deleted = 1",
      "UPDATE state SET compacted = ?1",
      "BEGIN IMMEDIATE",
      "COMMIT",
      "ROLLBACK",
      "UPDATE state SET revision = ?1",
      "UPDATE state SET probe = zeroblob(?1)",
  };
  static_assert(kPlaceBits == 20, "the shifts in the texts above");
  std::unique_ptr<SqliteBackend> backend(new SqliteBackend(db));
  for (const char* text : kTexts) {
    PW_ASSIGN(Statement statement, Statement::Prepare(db, text));
    backend->statements_.push_back(std::move(statement));
  }
  return backend;
}

#undef PW_META
#undef PW_FROM
#undef PW_WITHIN

template <typename T>
Result<T> SqliteBackend::Keep(Result<T> result) {
  if (!result.ok() && !storage_error_) storage_error_ = result.error();
  return result;
}

Result<std::optional<KeyValue>> SqliteBackend::Current(std::string_view key, Fields fields) {
  Statement& query = Use(fields == Fields::kAll ? kCurrentAll : kCurrentMeta);
  const ResetAtEnd reset(query);
  PW_ASSIGN(const bool row, Keep(query.Bind(1, key).Step()));
  return row ? std::optional<KeyValue>(ReadKeyValue(query, fields == Fields::kAll)) : std::optional<KeyValue>();
}

Result<std::vector<KeyValue>> SqliteBackend::CurrentRange(const KeyRange& range, Fields fields) {
  Statement& query = Use(fields == Fields::kAll ? kRangeAll : kRangeMeta);
  const ResetAtEnd reset(query);
  query.Bind(1, range.from).Bind(2, KeyBound(range));
  std::vector<KeyValue> kvs;
  for (;;) {
    PW_ASSIGN(const bool row, Keep(query.Step()));
    if (!row) return kvs;
    kvs.push_back(ReadKeyValue(query, fields == Fields::kAll));
  }
}

Result<bool> SqliteBackend::LeaseExists(LeaseId lease) {
  Statement& query = Use(kLeaseExists);
  const ResetAtEnd reset(query);
  return Keep(query.Bind(1, lease).Step());
}

Result<std::int64_t> SqliteBackend::NextSeq(Revision revision) {
  if (seq_revision_ != revision) {
    seq_revision_ = revision;
    next_place_ = 0;
  }
  if (next_place_ >= std::int64_t{1} << kPlaceBits) {
    return Keep(Result<std::int64_t>(ResourceExhausted("one transaction deletes more than a million keys")));
  }
  return FirstSeq(revision) + next_place_++;
}

Status SqliteBackend::Put(const KeyValue& kv, Revision prev_revision) {
  PW_ASSIGN(const std::int64_t seq, NextSeq(kv.mod_revision));
  Statement& insert = Use(kInsertHistory);
  insert.Bind(1, seq).Bind(2, kv.key).Bind(3, kv.create_revision).Bind(4, kv.version).Bind(5, prev_revision);
  insert.Bind(6, kv.lease).Bind(7, std::int64_t{0}).Bind(8, kv.value);
  PW_TRY(Keep(insert.Run()));
  return Keep(Use(kSetCurrent).Bind(1, kv.key).Bind(2, seq).Bind(3, kv.lease).Run());
}

Status SqliteBackend::Delete(std::string_view key, Revision revision, Revision prev_revision) {
  PW_ASSIGN(const std::int64_t seq, NextSeq(revision));
  Statement& insert = Use(kInsertHistory);
  insert.Bind(1, seq).Bind(2, key).Bind(3, std::int64_t{0}).Bind(4, std::int64_t{0}).Bind(5, prev_revision);
  insert.Bind(6, std::int64_t{0}).Bind(7, std::int64_t{1}).Bind(8, std::string_view());
  PW_TRY(Keep(insert.Run()));
  return Keep(Use(kDropCurrent).Bind(1, key).Run());
}

Result<LeaseId> SqliteBackend::AddLease(std::int64_t ttl_ms) {
  LeaseId lease = 0;
  {
    Statement& next = Use(kNextLease);
    const ResetAtEnd reset(next);
    PW_TRY(Keep(next.Step()));
    lease = next.Int(0);
  }
  PW_TRY(Keep(Use(kTakeLease).Run()));
  PW_TRY(Keep(Use(kAddLease).Bind(1, lease).Bind(2, ttl_ms).Run()));
  return lease;
}

Result<bool> SqliteBackend::RemoveLease(LeaseId lease, Revision revision) {
  std::vector<std::pair<std::string, Revision>> attached;
  {
    Statement& query = Use(kLeaseKeys);
    const ResetAtEnd reset(query);
    query.Bind(1, lease);
    for (;;) {
      PW_ASSIGN(const bool row, Keep(query.Step()));
      if (!row) break;
      attached.emplace_back(query.Bytes(0), RevisionOfSeq(query.Int(1)));
    }
  }
  for (const auto& [key, prev_revision] : attached) PW_TRY(Delete(key, revision, prev_revision));
  PW_TRY(Keep(Use(kDropLease).Bind(1, lease).Run()));
  return !attached.empty();
}

Status SqliteBackend::Compact(Revision compacted, Revision revision) {
  // Whatever a row up to `revision` replaced can go. Deletions of `revision` itself stay for its
  // watchers, so the next compaction looks at that revision once more.
  PW_TRY(Keep(Use(kCompactReplaced).Bind(1, FirstSeq(compacted)).Bind(2, FirstSeq(revision + 1)).Run()));
  PW_TRY(Keep(Use(kCompactDeleted).Bind(1, FirstSeq(compacted)).Bind(2, FirstSeq(revision)).Run()));
  return Keep(Use(kSetCompacted).Bind(1, revision).Run());
}

Status SqliteBackend::Begin() {
  storage_error_.reset();
  // A rolled-back revision is numbered again from its first row.
  seq_revision_ = 0;
  return Keep(Use(kBegin).Run());
}

Status SqliteBackend::Commit(Revision revision) {
  if (revision != 0) PW_TRY(Keep(Use(kSetRevision).Bind(1, revision).Run()));
  return Keep(Use(kCommit).Run());
}

void SqliteBackend::Rollback() {
  // SQLite has already rolled back by itself after some errors.
  if (sqlite3_get_autocommit(db_) == 0) (void)Use(kRollback).Run();
}

Status SqliteBackend::Probe(std::int64_t bytes) {
  return Keep(Use(kProbe).Bind(1, bytes).Run());
}

}  // namespace podwright::store
