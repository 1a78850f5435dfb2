#include "provider/sdk/value/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace podwright::sdk {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The parts of a decimal text: sign, digits before and after the point, exponent.
struct Parts {
  bool negative = false;
  std::string whole;
  std::string fraction;
  long exponent = 0;
};

Result<Parts> Split(std::string_view text) {
  const auto bad = [&] { return InvalidArgument("not a number: " + std::string(text.substr(0, 40))); };
  Parts parts;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) parts.negative = text[at++] == '-';
  while (at < text.size() && IsDigit(text[at])) parts.whole += text[at++];
  if (at < text.size() && text[at] == '.') {
    ++at;
    while (at < text.size() && IsDigit(text[at])) parts.fraction += text[at++];
  }
  if (parts.whole.empty() && parts.fraction.empty()) return bad();
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), parts.exponent);
    if (error == std::errc::result_out_of_range) return InvalidArgument("number with too large an exponent");
    if (error != std::errc() || end != text.data() + text.size()) return bad();
    at = text.size();
  }
  if (at != text.size()) return bad();
  return parts;
}

// Moves the point by the exponent.
Status Shift(Parts& parts) {
  constexpr long kMax = static_cast<long>(Number::kMaxDigits);
  if (parts.exponent > kMax || parts.exponent < -kMax) return InvalidArgument("number with too large an exponent");
  if (parts.exponent > 0) {
    const auto shift = static_cast<std::size_t>(parts.exponent);
    const std::size_t moved = std::min(shift, parts.fraction.size());
    parts.whole.append(parts.fraction, 0, moved).append(shift - moved, '0');
    parts.fraction.erase(0, moved);
  }
  if (parts.exponent < 0) {
    const auto shift = static_cast<std::size_t>(-parts.exponent);
    if (parts.whole.size() < shift) parts.whole.insert(0, shift - parts.whole.size(), '0');
    parts.fraction.insert(0, parts.whole, parts.whole.size() - shift, shift);
    parts.whole.resize(parts.whole.size() - shift);
  }
  return Ok();
}

std::string Canonical(Parts parts) {
  parts.whole.erase(0, std::min(parts.whole.find_first_not_of('0'), parts.whole.size()));
  const std::size_t last = parts.fraction.find_last_not_of('0');
  parts.fraction.resize(last == std::string::npos ? 0 : last + 1);
  if (parts.whole.empty()) parts.whole = "0";
  const bool zero = parts.whole == "0" && parts.fraction.empty();
  std::string text = parts.negative && !zero ? "-" : "";
  text += parts.whole;
  if (!parts.fraction.empty()) text += "." + parts.fraction;
  return text;
}

// How many binary places the fraction of a finite double has.
int FractionBits(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  auto bits = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  if (bits == 0) return 0;
  int places = 53 - exponent;
  while (places > 0 && bits % 2 == 0) {
    bits /= 2;
    --places;
  }
  return std::max(places, 0);
}

}  // namespace

Number::Number(std::string text) : text_(std::move(text)) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (error == std::errc() && end == text_.data() + text_.size()) int64_ = value;
}

Number Number::FromInt64(std::int64_t value) {
  return Number(std::to_string(value), value);
}

Number Number::FromUint64(std::uint64_t value) {
  return Number(std::to_string(value));
}

Result<Number> Number::FromDouble(double value) {
  if (!std::isfinite(value)) return InvalidArgument("a number must be finite");
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  if (error != std::errc()) return Internal("cannot write a double");
  return Parse(std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data())));
}

Result<Number> Number::FromExactDouble(double value) {
  if (!std::isfinite(value)) return InvalidArgument("a number must be finite");
  std::array<char, 1500> buffer{};  // 1 sign, 309 digits, the point, 1074 places
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, FractionBits(value));
  if (error != std::errc()) return Internal("cannot write a double");
  return Parse(std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data())));
}

Result<Number> Number::Parse(std::string_view text) {
  if (text.size() > kMaxDigits) return InvalidArgument("number of more than 4096 digits");
  PW_ASSIGN(Parts parts, Split(text));
  PW_TRY(Shift(parts));
  return Number(Canonical(std::move(parts)));
}

double Number::ToDouble() const {
  double value = 0;
  const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  static_cast<void>(end);
  if (error == std::errc::result_out_of_range) {
    // Too small for a double is nothing; too large is the largest.
    const bool small = text_.find_first_not_of("-0.") > text_.find('.');
    if (small && text_.find('.') != std::string::npos) return 0;
    return text_.front() == '-' ? -std::numeric_limits<double>::max() : std::numeric_limits<double>::max();
  }
  return value;
}

std::optional<double> Number::ExactDouble() const {
  const std::size_t point = text_.find('.');
  // A binary fraction of n places has n decimal places, the last of them 5.
  if (point != std::string::npos && text_.back() != '5') return std::nullopt;
  const double value = ToDouble();
  const std::size_t places = point == std::string::npos ? 0 : text_.size() - point - 1;
  if (places != static_cast<std::size_t>(FractionBits(value))) return std::nullopt;
  const Result<Number> exact = FromExactDouble(value);
  if (!exact.ok() || exact->text() != text_) return std::nullopt;
  return value;
}

int Number::Compare(const Number& other) const {
  const bool negative = text_.front() == '-';
  if (negative != (other.text_.front() == '-')) return negative ? -1 : 1;
  const auto magnitude = [](const std::string& text) {
    const std::string_view digits = std::string_view(text).substr(text.front() == '-' ? 1 : 0);
    return std::pair(digits.substr(0, digits.find('.')), digits);
  };
  const auto [whole_a, all_a] = magnitude(text_);
  const auto [whole_b, all_b] = magnitude(other.text_);
  int order = 0;
  if (whole_a.size() != whole_b.size()) {
    order = whole_a.size() < whole_b.size() ? -1 : 1;
  } else {
    // The same length before the point: the texts order as the numbers do ('.' is below the digits).
    const int compared = all_a.compare(all_b);
    order = compared < 0 ? -1 : (compared > 0 ? 1 : 0);
  }
  return negative ? -order : order;
}

}  // namespace podwright::sdk
