#include "agent/drivers/database/postgresql/diverged.h"

#include <sstream>

namespace podwright::drivers::database::postgresql {
namespace {

constexpr char kLocation[] = "diverged at WAL location ";
constexpr char kTimeline[] = " on timeline ";
constexpr char kCommit[] = "desc: COMMIT ";
constexpr std::size_t kTimeLength = 26;  // "2026-11-22 07:00:00.123456"

}  // namespace

std::optional<Divergence> ParseDivergence(const std::string& words) {
  const auto at = words.find(kLocation);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t from = at + sizeof(kLocation) - 1;
  Divergence out;
  out.position = words.substr(from, words.find_first_not_of("0123456789ABCDEFabcdef/", from) - from);
  const auto timeline = words.find(kTimeline, from);
  if (timeline == std::string::npos) return std::nullopt;
  const std::size_t number = timeline + sizeof(kTimeline) - 1;
  out.timeline = words.substr(number, words.find_first_not_of("0123456789", number) - number);
  if (out.position.find('/') == std::string::npos || out.timeline.empty()) return std::nullopt;
  return out;
}

std::string AloneText(const Divergence& divergence, const std::string& transactions) {
  std::size_t count = 0;
  std::string first;
  std::string last;
  std::istringstream lines(transactions);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(kCommit);
    if (at == std::string::npos) continue;
    ++count;
    last = line.substr(at + sizeof(kCommit) - 1, kTimeLength);
    if (first.empty()) first = last;
  }
  const std::string until =
      "until " + divergence.position + " of the timeline " + divergence.timeline + " it had what the others have; ";
  if (count == 0) return until + "no transaction was committed here after it";
  return until + "after it " + std::to_string(count) + (count == 1 ? " transaction was" : " transactions were") +
         " committed here alone, from " + first + " to " + last + ": the rewind takes " + (count == 1 ? "it" : "them") +
         " away";
}

}  // namespace podwright::drivers::database::postgresql
