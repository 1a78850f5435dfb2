// Runs SQL as the administrator over the local socket. SQL comes through standard input, never in the argument vector.
//
// Threading: any thread. Errors: the server's own words, without the statement (it may hold a verifier).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/host/programs.h"
#include "core/result.h"

namespace podwright::drivers::database::postgresql {

using Row = std::vector<std::string>;

class Psql {
 public:
  Psql(host::Programs& programs, std::int64_t port) : programs_(programs), port_(port) {}

  // The rows of all statements. Stops at the first error. Lines of `\connect` go from database to database.
  Result<std::vector<Row>> Query(const std::string& sql, const std::string& database = "postgres",
                                 std::chrono::seconds limit = std::chrono::seconds(30)) const;
  Status Run(const std::string& sql, const std::string& database = "postgres",
             std::chrono::seconds limit = std::chrono::seconds(120)) const;
  // The first value of the first row; "" where there is none.
  Result<std::string> Value(const std::string& sql) const;

 private:
  host::Programs& programs_;
  std::int64_t port_;
};

// A line that goes on in another database, as the same kind of session.
std::string ConnectLine(const std::string& database);

// "ERROR:  role …" of psql's lines.
std::string ServerWords(const std::string& err);

}  // namespace podwright::drivers::database::postgresql
