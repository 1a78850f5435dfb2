#include "reconciler/control/policy/hours.h"

#include <absl/time/civil_time.h>

#include <array>

namespace podwright::control {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr int kDayMinutes = 24 * 60;
constexpr int kDaysSearched = 15;

std::optional<int> DayOf(std::string_view text) {
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    if (kDays[day] == text) return static_cast<int>(day);
  }
  return std::nullopt;
}

std::optional<int> MinutesOf(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {0, 1, 3, 4}) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  const int all = hour * 60 + minute;
  if (minute > 59 || all > kDayMinutes) return std::nullopt;
  return all;
}

// "Mon,Wed-Fri"; a range may go over the week's end.
bool ParseDays(std::string_view text, std::bitset<7>* days) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    const auto first = DayOf(part.substr(0, 3));
    const bool range = part.size() == 7 && part[3] == '-';
    const auto last = range ? DayOf(part.substr(4)) : first;
    if (!first || !last || (!range && part.size() != 3)) return false;
    for (int day = *first;; day = (day + 1) % 7) {
      days->set(static_cast<std::size_t>(day));
      if (day == *last) break;
    }
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
  return false;
}

struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// When the hours that begin on this day are, where they begin on such a day at all.
std::optional<Span> On(const WeeklyHours& hours, const absl::TimeZone& zone, absl::CivilDay day) {
  if (!hours.days.test(static_cast<std::size_t>(absl::GetWeekday(day)))) return std::nullopt;
  const absl::CivilMinute midnight(day);
  const int length = hours.end > hours.begin ? hours.end - hours.begin : hours.end + kDayMinutes - hours.begin;
  const absl::CivilMinute first = midnight + hours.begin;
  const absl::TimeZone::TimeInfo begin = zone.At(absl::CivilSecond(first));
  const absl::TimeZone::TimeInfo end = zone.At(absl::CivilSecond(first + length));
  const auto moment = [](const absl::TimeZone::TimeInfo& info, bool late) {
    if (info.kind == absl::TimeZone::TimeInfo::SKIPPED) return info.trans;
    return late ? info.post : info.pre;
  };
  return Span{absl::ToUnixMillis(moment(begin, false)), absl::ToUnixMillis(moment(end, true))};
}

absl::CivilDay DayAt(const absl::TimeZone& zone, std::int64_t now) {
  return absl::ToCivilDay(absl::FromUnixMillis(now), zone);
}

}  // namespace

Result<WeeklyHours> ParseHours(std::string_view text) {
  WeeklyHours out;
  std::string_view times = text;
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) {
    out.days.set();
  } else {
    if (!ParseDays(text.substr(0, space), &out.days)) {
      return InvalidArgument("\"" + std::string(text) + "\": the days are like Sat, Mon-Fri or Mon,Wed");
    }
    times = text.substr(space + 1);
  }
  const std::size_t dash = times.find('-');
  const auto begin = MinutesOf(times.substr(0, dash));
  const auto end = dash == std::string_view::npos ? std::nullopt : MinutesOf(times.substr(dash + 1));
  if (!begin || !end || *begin == kDayMinutes) {
    return InvalidArgument("\"" + std::string(text) + "\": the times are like 22:00-04:00");
  }
  if (*begin == *end) return InvalidArgument("\"" + std::string(text) + "\" ends when it begins");
  out.begin = *begin;
  out.end = *end;
  return out;
}

Result<absl::TimeZone> LoadZone(const std::string& name) {
  absl::TimeZone zone;
  if (name.empty() || name == "UTC") return absl::UTCTimeZone();
  if (!absl::LoadTimeZone(name, &zone)) {
    return InvalidArgument("the time zone \"" + name +
                           "\" is not in the time zone database of the control plane's host: a name is like "
                           "Europe/Berlin, and the package tzdata has them");
  }
  return zone;
}

bool IsOpen(const std::vector<WeeklyHours>& hours, const absl::TimeZone& zone, std::int64_t now) {
  const absl::CivilDay today = DayAt(zone, now);
  for (const WeeklyHours& one : hours) {
    for (int offset = -2; offset <= 1; ++offset) {
      const auto span = On(one, zone, today + offset);
      if (span && span->begin <= now && now < span->end) return true;
    }
  }
  return false;
}

std::optional<std::int64_t> NextOpening(const std::vector<WeeklyHours>& hours, const absl::TimeZone& zone,
                                        std::int64_t now) {
  const absl::CivilDay today = DayAt(zone, now);
  std::optional<std::int64_t> out;
  for (const WeeklyHours& one : hours) {
    for (int offset = -1; offset <= kDaysSearched; ++offset) {
      const auto span = On(one, zone, today + offset);
      if (!span || span->begin <= now || span->end <= span->begin) continue;
      if (!out || span->begin < *out) out = span->begin;
      break;
    }
  }
  return out;
}

}  // namespace podwright::control
