#include "provider/sdk/duration.h"

#include <array>
#include <cstdint>
#include <utility>

namespace podwright::sdk {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::array<Unit, 8> kUnits{{{"h", 3'600'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"s", 1'000'000'000},
                                      {"ms", 1'000'000},
                                      {"us", 1000},
                                      {"\u00b5s", 1000},
                                      {"\u03bcs", 1000},
                                      {"ns", 1}}};

constexpr std::uint64_t kLargest = std::uint64_t{1} << 63U;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// One number with its unit, taken off the front of `text`.
Result<std::uint64_t> TakeTerm(std::string_view& text, const Error& bad) {
  std::uint64_t whole = 0;
  std::size_t at = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    if (whole > kLargest / 10) return bad;
    whole = whole * 10 + static_cast<std::uint64_t>(text[at] - '0');
  }
  bool any = at > 0;
  double fraction = 0;
  if (at < text.size() && text[at] == '.') {
    double place = 0.1;
    for (++at; at < text.size() && IsDigit(text[at]); ++at, place /= 10) {
      fraction += place * (text[at] - '0');
      any = true;
    }
  }
  if (!any) return bad;
  std::size_t end = at;
  while (end < text.size() && text[end] != '.' && !IsDigit(text[end])) ++end;
  const std::string_view name = text.substr(at, end - at);
  text.remove_prefix(end);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const auto size = static_cast<std::uint64_t>(unit.nanoseconds);
    if (whole > kLargest / size) return bad;
    return whole * size + static_cast<std::uint64_t>(fraction * static_cast<double>(size) + 0.5);
  }
  return bad;
}

}  // namespace

Result<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  const Error bad = InvalidArgument("not a duration: \"" + std::string(text.substr(0, 40)) + "\"");
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return bad;
  std::uint64_t total = 0;
  while (!text.empty()) {
    PW_ASSIGN(const std::uint64_t term, TakeTerm(text, bad));
    total += term;
    if (total >= kLargest) return bad;
  }
  const auto count = static_cast<std::int64_t>(total);
  return std::chrono::nanoseconds(negative ? -count : count);
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  std::int64_t left = duration.count();
  std::string text = left < 0 ? "-" : "";
  std::uint64_t rest =
      left < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(left) : static_cast<std::uint64_t>(left);
  for (const Unit& unit : kUnits) {
    const auto size = static_cast<std::uint64_t>(unit.nanoseconds);
    if (rest < size) continue;
    text += std::to_string(rest / size) + std::string(unit.name);
    rest %= size;
  }
  return duration.count() == 0 ? "0s" : text;
}

}  // namespace podwright::sdk
