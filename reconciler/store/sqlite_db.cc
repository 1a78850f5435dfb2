#include "reconciler/store/sqlite_db.h"

namespace podwright::store {

namespace {

Error ErrorOfCode(int extended, std::string message) {
  switch (extended & 0xff) {
    case SQLITE_FULL: return ResourceExhausted(std::move(message));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return DataLoss(std::move(message));
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return PermissionDenied(std::move(message));
    default: return Unavailable(std::move(message));
  }
}

}  // namespace

Error SqliteError(sqlite3* db, std::string_view what) {
  const int code = sqlite3_extended_errcode(db);
  return ErrorOfCode(code,
                     std::string(what) + ": " + sqlite3_errmsg(db) + " (SQLite error " + std::to_string(code) + ")");
}

Result<SqliteHandle> OpenSqlite(const std::string& path, const std::string& vfs) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  SqliteHandle db(raw);
  if (raw == nullptr) return ResourceExhausted("open " + path + ": out of memory");
  if (code != SQLITE_OK) return SqliteError(raw, "open " + path);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 5000);
  return db;
}

Status Execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return SqliteError(db, sql);
  return Ok();
}

Result<std::int64_t> QueryInt(sqlite3* db, const char* sql) {
  PW_ASSIGN(Statement statement, Statement::Prepare(db, sql));
  PW_ASSIGN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

Result<Statement> Statement::Prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK) {
    return SqliteError(db, "prepare");
  }
  return Statement(raw);
}

Statement& Statement::Bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), parameter, value);
  return *this;
}

Statement& Statement::Bind(int parameter, std::string_view bytes) {
  // A null pointer would bind NULL instead of no bytes.
  const char* data = bytes.empty() ? "" : bytes.data();
  sqlite3_bind_blob64(handle_.get(), parameter, data, bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::Step() {
  switch (sqlite3_step(handle_.get())) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: return SqliteError(sqlite3_db_handle(handle_.get()), "SQLite");
  }
}

Status Statement::Run() {
  const ResetAtEnd reset(*this);
  for (;;) {
    PW_ASSIGN(const bool row, Step());
    if (!row) return Ok();
  }
}

void Statement::Reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

std::string Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

}  // namespace podwright::store
