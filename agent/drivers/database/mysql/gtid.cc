#include "agent/drivers/database/mysql/gtid.h"

#include <charconv>
#include <vector>

namespace podwright::drivers::database::mysql {
namespace {

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

template <typename Number>
bool ParseNumber(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Status Add(std::string_view text, GtidPosition& position) {
  const auto parts = Split(text, '-');
  std::uint32_t domain = 0;
  Gtid gtid;
  if (parts.size() != 3 || !ParseNumber(parts[0], domain) || !ParseNumber(parts[1], gtid.server) ||
      !ParseNumber(parts[2], gtid.sequence)) {
    return InvalidArgument("\"" + std::string(text.substr(0, 100)) + "\" is no position of MariaDB's log");
  }
  position[domain] = gtid;
  return Ok();
}

}  // namespace

Result<GtidPosition> ParseGtidPosition(std::string_view text) {
  GtidPosition position;
  if (Trim(text).empty()) return position;
  for (const std::string_view one : Split(text, ',')) PW_TRY(Add(Trim(one), position));
  return position;
}

std::string FormatGtidPosition(const GtidPosition& position) {
  std::string out;
  for (const auto& [domain, gtid] : position) {
    if (!out.empty()) out += ",";
    out += std::to_string(domain) + "-" + std::to_string(gtid.server) + "-" + std::to_string(gtid.sequence);
  }
  return out;
}

bool Covers(const GtidPosition& have, const GtidPosition& need) {
  for (const auto& [domain, gtid] : need) {
    const auto there = have.find(domain);
    if (there == have.end() || there->second.sequence < gtid.sequence) return false;
  }
  return true;
}

GtidPosition Later(const GtidPosition& a, const GtidPosition& b) {
  GtidPosition out = a;
  for (const auto& [domain, gtid] : b) {
    const auto [there, added] = out.try_emplace(domain, gtid);
    if (!added && there->second.sequence < gtid.sequence) there->second = gtid;
  }
  return out;
}

Result<GtidPosition> ParseBinlogState(std::string_view text) {
  GtidPosition position;
  for (const std::string_view line : Split(text, '\n')) {
    if (!Trim(line).empty()) PW_TRY(Add(Trim(line), position));
  }
  return position;
}

}  // namespace podwright::drivers::database::mysql
