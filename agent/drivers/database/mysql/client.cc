#include "agent/drivers/database/mysql/client.h"

#include <string_view>

namespace podwright::drivers::database::mysql {
namespace {

constexpr char kSession[] = "SET SESSION sql_mode='';\n";
constexpr std::size_t kMaxWords = 600;

// "ERROR 2002 (HY000): …": the client's own codes, of a server that does not answer.
bool IsUnreachable(const std::string& words) {
  for (const char* code : {"ERROR 2002 ", "ERROR 2003 ", "ERROR 2006 ", "ERROR 2013 ", "ERROR 2026 "}) {
    if (words.find(code) != std::string::npos) return true;
  }
  return false;
}

std::string Unescaped(std::string_view field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      out += field[i];
      continue;
    }
    const char next = field[++i];
    out += next == 't' ? '\t' : next == 'n' ? '\n' : next == '0' ? '\0' : next;
  }
  return out;
}

template <typename Take>
void ForEachPart(std::string_view text, char separator, const Take& take) {
  while (true) {
    const auto at = text.find(separator);
    take(text.substr(0, at));
    if (at == std::string_view::npos) return;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

std::string ServerWords(const std::string& err) {
  std::string words;
  ForEachPart(err, '\n', [&](std::string_view line) {
    const auto at = line.find("ERROR");
    if (at == std::string_view::npos && !line.starts_with("mariadb")) return;
    // Only the words: a syntax error quotes the statement.
    std::string_view said = at == std::string_view::npos ? line : line.substr(at);
    if (const auto near = said.find(" near '"); near != std::string_view::npos) said = said.substr(0, near);
    if (!words.empty()) words += "; ";
    words += said;
  });
  return words.substr(0, kMaxWords);
}

std::vector<std::string> Client::Command() const {
  return {"mariadb",
          "--no-defaults",
          "--protocol=socket",
          "--socket=" + socket_,
          "--user=root",
          "--default-character-set=utf8mb4",
          "--connect-timeout=5"};
}

Result<std::string> Client::Output(const std::string& sql, const std::string& format,
                                   std::chrono::seconds limit) const {
  std::vector<std::string> argv = Command();
  argv.push_back("--binary-mode");
  argv.push_back(format);
  if (format == "--batch") argv.push_back("--skip-column-names");
  ProcessRequest request = host::Program(std::move(argv), limit);
  request.stdin_bytes = kSession + sql;
  PW_ASSIGN(ProcessResult result, programs_.Run(request));
  if (result.timed_out) {
    return DeadlineExceeded("MariaDB did not answer within " + std::to_string(limit.count()) + " s");
  }
  if (result.Succeeded()) return std::move(result.out);
  std::string words = ServerWords(result.err);
  if (words.empty()) words = "mariadb ended with " + std::to_string(result.exit_code);
  if (IsUnreachable(words)) return Unavailable(words);
  return Error(ErrorCode::kFailedPrecondition, words, Retry::kAfterChange);
}

Result<std::vector<Row>> Client::Query(const std::string& sql, std::chrono::seconds limit) const {
  PW_ASSIGN(const std::string out, Output(sql, "--batch", limit));
  std::vector<Row> rows;
  ForEachPart(out, '\n', [&](std::string_view line) {
    if (line.empty()) return;
    Row& row = rows.emplace_back();
    ForEachPart(line, '\t', [&](std::string_view field) { row.push_back(Unescaped(field)); });
  });
  return rows;
}

Status Client::Run(const std::string& sql, std::chrono::seconds limit) const {
  const auto out = Output(sql, "--batch", limit);
  if (!out.ok()) return out.error();
  return Ok();
}

Result<std::map<std::string, std::string>> Client::Show(const std::string& sql, std::chrono::seconds limit) const {
  PW_ASSIGN(const std::string out, Output(sql, "--vertical", limit));
  std::map<std::string, std::string> columns;
  ForEachPart(out, '\n', [&](std::string_view line) {
    const auto colon = line.find(": ");
    const auto begin = line.find_first_not_of(' ');
    if (colon == std::string_view::npos || begin > colon) return;
    columns.emplace(line.substr(begin, colon - begin), line.substr(colon + 2));
  });
  return columns;
}

}  // namespace podwright::drivers::database::mysql
