// Asks and tells one running MariaDB over its socket, as root: by the program `mariadb`, with SQL on its standard
// input, so that nothing of it stands in an argument list.
//
// Each script begins with an empty sql_mode: strings mean the same whatever the server's parameters say.
// Errors: MariaDB's own line, without the statement (it may hold a verifier); unavailable where nothing answers.
// Threading: any thread.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "agent/host/programs.h"
#include "core/result.h"

namespace podwright::drivers::database::mysql {

using Row = std::vector<std::string>;

class Client {
 public:
  // `programs` outlives it.
  Client(host::Programs& programs, std::string socket) : programs_(programs), socket_(std::move(socket)) {}

  // The rows of all selects, in their order.
  Result<std::vector<Row>> Query(const std::string& sql, std::chrono::seconds limit = std::chrono::seconds(30)) const;
  Status Run(const std::string& sql, std::chrono::seconds limit = std::chrono::seconds(60)) const;
  // The first row that a statement of SHOW answers, by column; empty where there is none.
  Result<std::map<std::string, std::string>> Show(const std::string& sql,
                                                  std::chrono::seconds limit = std::chrono::seconds(30)) const;
  // What reads a dump from its standard input.
  std::vector<std::string> Command() const;

 private:
  Result<std::string> Output(const std::string& sql, const std::string& format, std::chrono::seconds limit) const;

  host::Programs& programs_;
  std::string socket_;
};

// MariaDB's own words out of what its programs printed to standard error.
std::string ServerWords(const std::string& err);

}  // namespace podwright::drivers::database::mysql
