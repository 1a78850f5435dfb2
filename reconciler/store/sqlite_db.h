// SQLite's handles, wrapped once: a connection and a prepared statement that answer with Results.
//
// Threading: a connection and its statements are used by one thread at a time. Statements must be
// destroyed before their connection.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::store {

// The last error of a connection: "commit: disk I/O error". Disk full is kResourceExhausted, a broken
// file kDataLoss, other failures of the storage kUnavailable.
Error SqliteError(sqlite3* db, std::string_view what);

struct CloseSqlite {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;

// `vfs` empty: the default one.
Result<SqliteHandle> OpenSqlite(const std::string& path, const std::string& vfs);
Status Execute(sqlite3* db, const char* sql);
// The one value that a pragma or a query answers; 0 when it answers nothing.
Result<std::int64_t> QueryInt(sqlite3* db, const char* sql);

class Statement {
 public:
  static Result<Statement> Prepare(sqlite3* db, const char* sql);

  // Parameters count from 1. Bytes are not copied: they must live until the statement was reset.
  Statement& Bind(int parameter, std::int64_t value);
  Statement& Bind(int parameter, std::string_view bytes);
  // True: there is a row.
  Result<bool> Step();
  // Steps to the end and resets.
  Status Run();
  void Reset();

  std::int64_t Int(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::string Bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : handle_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Resets a statement at the end of the scope, so that no early return leaves a read open.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.Reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

}  // namespace podwright::store
