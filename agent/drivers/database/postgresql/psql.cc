#include "agent/drivers/database/postgresql/psql.h"

#include <sstream>

namespace podwright::drivers::database::postgresql {
namespace {

constexpr char kFieldEnd = '\x1f';
constexpr char kRowEnd = '\x1e';

// What an administrator's session of Podwright is: nobody waits for a replica on its account, and the server's log
// gets no statement of it, whatever it is set to log.
constexpr char kTerse[] = "\\set VERBOSITY terse\n\\set SHOW_CONTEXT never\n";
constexpr char kSession[] =
    "set synchronous_commit = local; set log_statement = 'none'; set log_min_error_statement = 'panic';\n"
    "set log_min_duration_statement = -1; set client_min_messages = 'warning'; set statement_timeout = 0;\n";

}  // namespace

std::string ConnectLine(const std::string& database) {
  return "\\connect \"" + database + "\"\n" + kSession;
}

std::string ServerWords(const std::string& err) {
  std::istringstream in(err);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("psql:")) {
      const auto at = line.find(": ", 5);
      if (at != std::string::npos) line = line.substr(at + 2);
    }
    while (!line.empty() && line.front() == ' ') line.erase(0, 1);
    if (!line.empty()) out += (out.empty() ? "" : "; ") + line;
  }
  return out;
}

Result<std::vector<Row>> Psql::Query(const std::string& sql, const std::string& database,
                                     std::chrono::seconds limit) const {
  ProcessRequest request = host::Program({"setpriv",
                                          "--reuid=postgres",
                                          "--regid=postgres",
                                          "--init-groups",
                                          "--",
                                          bin_ + "/psql",
                                          "-X",
                                          "-q",
                                          "-A",
                                          "-t",
                                          "-F",
                                          std::string(1, kFieldEnd),
                                          "-R",
                                          std::string(1, kRowEnd),
                                          "-v",
                                          "ON_ERROR_STOP=1",
                                          "-h",
                                          "/var/run/postgresql",
                                          "-p",
                                          std::to_string(port_),
                                          "-d",
                                          database,
                                          "-f",
                                          "-"},
                                         limit);
  request.cwd = "/";
  request.stdin_bytes = std::string(kTerse) + kSession + sql + "\n";
  PW_ASSIGN(const ProcessResult result, programs_.Run(request));
  if (!result.Succeeded()) {
    const std::string words = ServerWords(result.err);
    if (result.timed_out || words.empty()) return ProcessFailure(request, result);
    const bool passes = words.find("starting up") != std::string::npos ||
                        words.find("shutting down") != std::string::npos ||
                        words.find("connection to server") != std::string::npos;
    return Error(passes ? ErrorCode::kUnavailable : ErrorCode::kFailedPrecondition, "PostgreSQL says: " + words,
                 passes ? Retry::kBackoff : Retry::kAfterChange);
  }
  std::vector<Row> rows;
  std::string text = result.out;
  for (char& c : text) {
    if (c == '\n') c = kRowEnd;  // the end of a statement's rows
  }
  std::istringstream in(text);
  for (std::string line; std::getline(in, line, kRowEnd);) {
    if (line.empty()) continue;
    Row row;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, kFieldEnd);) row.push_back(field);
    if (line.back() == kFieldEnd) row.emplace_back();
    rows.push_back(std::move(row));
  }
  return rows;
}

Status Psql::Run(const std::string& sql, const std::string& database, std::chrono::seconds limit) const {
  const auto rows = Query(sql, database, limit);
  if (!rows.ok()) return rows.error();
  return Ok();
}

Result<std::string> Psql::Value(const std::string& sql) const {
  PW_ASSIGN(const auto rows, Query(sql));
  return rows.empty() || rows.front().empty() ? std::string() : rows.front().front();
}

}  // namespace podwright::drivers::database::postgresql
