#include "reconciler/store/sqlite_schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "reconciler/store/limits.h"

namespace podwright::store {

namespace {

// Tells our files from any other program's: "PWST".
constexpr std::int64_t kApplicationId = 0x50575354;

constexpr char kTables[] = R"sql(
  BEGIN IMMEDIATE;
  CREATE TABLE state(
    id INTEGER PRIMARY KEY CHECK(id = 1),
    revision INTEGER NOT NULL, compacted INTEGER NOT NULL, next_lease INTEGER NOT NULL, probe BLOB NOT NULL);
  INSERT INTO state VALUES(1, 0, 0, 1, x'');
  CREATE TABLE history(
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL, create_revision INTEGER NOT NULL, version INTEGER NOT NULL, prev_revision INTEGER NOT NULL,
    lease INTEGER NOT NULL, deleted INTEGER NOT NULL, value BLOB NOT NULL);
  CREATE INDEX history_by_key ON history(key);
  CREATE TABLE current(key BLOB PRIMARY KEY, seq INTEGER NOT NULL, lease INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX current_by_lease ON current(lease) WHERE lease > 0;
  CREATE TABLE leases(id INTEGER PRIMARY KEY, ttl_ms INTEGER NOT NULL);
  PRAGMA application_id = 1347900244;
  PRAGMA user_version = 1;
  COMMIT;
)sql";

std::string FileOf(const std::filesystem::path& folder) {
  return (folder / "store.db").string();
}

// SQLite gives its side files the mode of the main one, so it has to be right before SQLite opens it.
Status MakeFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  const int failed = fchmod(fd, 0600) != 0 ? errno : 0;
  close(fd);
  if (failed != 0) return ErrnoError(failed, "chmod " + path);
  return Ok();
}

Status UseWal(sqlite3* db, const std::string& path) {
  PW_ASSIGN(Statement mode, Statement::Prepare(db, "PRAGMA journal_mode = WAL"));
  PW_ASSIGN(const bool row, mode.Step());
  if (!row || mode.Bytes(0) != "wal") {
    return FailedPrecondition(path + " cannot use a write-ahead log; a network file system is not supported");
  }
  return Execute(db, "PRAGMA synchronous = FULL");
}

Status PrepareTables(sqlite3* db, const std::string& path) {
  static_assert(kApplicationId == 1347900244, "the same number as in kTables");
  static_assert(kSchemaVersion == 1, "the same number as in kTables; older versions need their migrations here");
  PW_ASSIGN(const std::int64_t version, QueryInt(db, "PRAGMA user_version"));
  PW_ASSIGN(const std::int64_t application, QueryInt(db, "PRAGMA application_id"));
  if (version == 0 && application == 0) {
    PW_ASSIGN(const std::int64_t tables, QueryInt(db, "SELECT count(*) FROM sqlite_master"));
    if (tables == 0) return Execute(db, kTables);
  }
  if (application != kApplicationId) return FailedPrecondition(path + " is not a store of Podwright");
  if (version > kSchemaVersion) {
    return FailedPrecondition(path + " has the schema version " + std::to_string(version) +
                              "; this program knows versions up to " + std::to_string(kSchemaVersion));
  }
  return Ok();
}

Status LimitSize(sqlite3* db, std::int64_t max_bytes) {
  if (max_bytes <= 0) return Ok();
  PW_ASSIGN(const std::int64_t page_size, QueryInt(db, "PRAGMA page_size"));
  const std::string sql = "PRAGMA max_page_count = " + std::to_string(std::max<std::int64_t>(max_bytes / page_size, 1));
  return Execute(db, sql.c_str());
}

}  // namespace

KeyValue ReadKeyValue(const Statement& row, bool with_value) {
  KeyValue kv;
  kv.key = row.Bytes(0);
  kv.create_revision = row.Int(1);
  kv.mod_revision = RevisionOfSeq(row.Int(2));
  kv.version = row.Int(3);
  kv.lease = row.Int(4);
  if (with_value) kv.value = row.Bytes(5);
  return kv;
}

const std::string& KeyBound(const KeyRange& range) {
  static const std::string* const kAfterAll = new std::string(kMaxKeyBytes + 1, '\xff');
  return range.to.empty() ? *kAfterAll : range.to;
}

Status MakeFolder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "mkdir " + folder.string());
  return Ok();
}

Result<SqliteHandle> OpenWriter(const std::filesystem::path& folder, const std::string& vfs, std::int64_t max_bytes) {
  const std::string path = FileOf(folder);
  PW_TRY(MakeFile(path));
  PW_ASSIGN(SqliteHandle db, OpenSqlite(path, vfs));
  PW_TRY(UseWal(db.get(), path));
  PW_TRY(Execute(db.get(), "PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -16384"));
  PW_TRY(PrepareTables(db.get(), path));
  PW_TRY(LimitSize(db.get(), max_bytes));
  return db;
}

Result<SqliteHandle> OpenReader(const std::filesystem::path& folder, const std::string& vfs) {
  PW_ASSIGN(SqliteHandle db, OpenSqlite(FileOf(folder), vfs));
  PW_TRY(Execute(db.get(), "PRAGMA query_only = ON"));
  return db;
}

}  // namespace podwright::store
