// Runs SQL as the administrator over the local socket. SQL comes through standard input, never in the argument vector.
// It is the program of the server's own version: Debian's `psql` finds that out first, in Perl, and takes longer for it
// than for the question. setpriv, unlike runuser, opens no session that the log would tell of each time.
//
// Threading: any thread. Errors: the server's own words, without the statement (it may hold a verifier).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/host/programs.h"
#include "core/result.h"

namespace podwright::drivers::database::postgresql {

using Row = std::vector<std::string>;

class Psql {
 public:
  // `bin`: the folder of the version's programs.
  Psql(host::Programs& programs, std::string bin, std::int64_t port)
      : programs_(programs), bin_(std::move(bin)), port_(port) {}

  // The rows of all statements. Stops at the first error. Lines of `\connect` go from database to database.
  Result<std::vector<Row>> Query(const std::string& sql, const std::string& database = "postgres",
                                 std::chrono::seconds limit = std::chrono::seconds(30)) const;
  Status Run(const std::string& sql, const std::string& database = "postgres",
             std::chrono::seconds limit = std::chrono::seconds(120)) const;
  // The first value of the first row; "" where there is none.
  Result<std::string> Value(const std::string& sql) const;

 private:
  host::Programs& programs_;
  std::string bin_;
  std::int64_t port_;
};

// A line that goes on in another database, as the same kind of session.
std::string ConnectLine(const std::string& database);

// "ERROR:  role …" of psql's lines.
std::string ServerWords(const std::string& err);

}  // namespace podwright::drivers::database::postgresql
