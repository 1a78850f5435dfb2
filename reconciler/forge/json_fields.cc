#include "reconciler/forge/json_fields.h"

#include <algorithm>
#include <charconv>

namespace podwright::forge {
namespace {

using nlohmann::json;

bool TwoDigits(std::string_view text, std::size_t at, int& value) {
  if (at + 2 > text.size()) return false;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
  return error == std::errc() && end == text.data() + at + 2 && value >= 0;
}

// "Z", "+02:00", "-0330".
bool ParseOffset(std::string_view text, int& minutes) {
  minutes = 0;
  if (text == "Z" || text == "z") return true;
  if (text.size() < 5 || (text[0] != '+' && text[0] != '-')) return false;
  int hours = 0;
  int rest = 0;
  if (!TwoDigits(text, 1, hours) || !TwoDigits(text, text[3] == ':' ? 4 : 3, rest)) return false;
  minutes = (hours * 60 + rest) * (text[0] == '-' ? -1 : 1);
  return true;
}

}  // namespace

bool ParseRfc3339(std::string_view text, WallTime& time) {
  int century = 0;
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':' || !TwoDigits(text, 0, century) || !TwoDigits(text, 2, year) || !TwoDigits(text, 5, month) ||
      !TwoDigits(text, 8, day) || !TwoDigits(text, 11, hour) || !TwoDigits(text, 14, minute) ||
      !TwoDigits(text, 17, second)) {
    return false;
  }
  std::size_t at = 19;
  int millis = 0;
  if (text[at] == '.') {
    int weight = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10) {
      millis += (text[at] - '0') * weight;
    }
  }
  int offset = 0;
  const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60 || !ParseOffset(text.substr(at), offset)) return false;
  time = WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                  std::chrono::minutes(minute - offset) + std::chrono::seconds(second) +
                  std::chrono::milliseconds(millis));
  return true;
}

bool IsCommitId(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

JsonFields::JsonFields(const json& value, std::string what) : value_(value), what_(std::move(what)) {}

const json* JsonFields::Find(std::string_view path) const {
  const json* at = &value_;
  while (true) {
    const std::size_t dot = path.find('.');
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end() || found->is_null()) return nullptr;
    at = &*found;
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
}

void JsonFields::Wrong(std::string_view path, std::string_view wanted) {
  if (wrong_.empty()) wrong_ = "\"" + std::string(path) + "\" is no " + std::string(wanted);
}

bool JsonFields::Has(std::string_view path) {
  return Find(path) != nullptr;
}

std::string JsonFields::Text(std::string_view path) {
  if (Find(path) == nullptr) Wrong(path, "text");
  return TextOr(path);
}

std::string JsonFields::TextOr(std::string_view path) {
  const json* found = Find(path);
  if (found == nullptr) return "";
  if (!found->is_string()) {
    Wrong(path, "text");
    return "";
  }
  return found->get<std::string>();
}

std::int64_t JsonFields::Number(std::string_view path) {
  if (Find(path) == nullptr) Wrong(path, "number");
  return NumberOr(path);
}

std::int64_t JsonFields::NumberOr(std::string_view path) {
  const json* found = Find(path);
  if (found == nullptr) return 0;
  if (!found->is_number_integer()) {
    Wrong(path, "number");
    return 0;
  }
  return found->get<std::int64_t>();
}

bool JsonFields::FlagOr(std::string_view path, bool absent) {
  const json* found = Find(path);
  if (found == nullptr) return absent;
  if (!found->is_boolean()) {
    Wrong(path, "flag");
    return absent;
  }
  return found->get<bool>();
}

WallTime JsonFields::Time(std::string_view path) {
  WallTime time{};
  if (!ParseRfc3339(Text(path), time)) Wrong(path, "time");
  return time;
}

Status JsonFields::Done() const {
  if (wrong_.empty()) return Ok();
  return Internal("the forge's answer is not what its description promises: " + what_ + "'s " + wrong_);
}

}  // namespace podwright::forge
