#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "kinds/names.h"
#include "kinds/scalar.h"
#include "kinds/text.h"

namespace podwright::kinds {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 5> kDurations = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 5> kSizes = {
    {{"B", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}}};

constexpr char kDurationForm[] = "a duration is a number and a unit: 1500ms, 30s, 10m, 1h, 7d";
constexpr char kSizeForm[] = "a size is a number and a unit: 512B, 64KiB, 10MiB, 2GiB, 1TiB";

template <std::size_t N>
Result<std::int64_t> ParseWithUnit(std::string_view text, const std::array<Unit, N>& units, const char* form) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text.substr(digits); });
  if (unit == units.end()) return InvalidArgument(form);
  const auto count = ParseInt64(text.substr(0, digits));
  if (!count.ok()) return InvalidArgument(form);
  if (*count > std::numeric_limits<std::int64_t>::max() / unit->factor)
    return InvalidArgument("the number is too large");
  return *count * unit->factor;
}

template <std::size_t N>
std::string FormatWithUnit(std::int64_t value, const std::array<Unit, N>& units, std::size_t zero_unit) {
  std::size_t best = value == 0 ? zero_unit : 0;
  for (std::size_t i = 0; value != 0 && i < units.size(); ++i) {
    if (value % units[i].factor == 0) best = i;
  }
  return std::to_string(value / units[best].factor) + std::string(units[best].name);
}

}  // namespace

Result<std::int64_t> ParseDuration(std::string_view text) {
  return ParseWithUnit(text, kDurations, kDurationForm);
}
std::string FormatDuration(std::int64_t milliseconds) {
  return FormatWithUnit(milliseconds, kDurations, 1);
}
Result<std::int64_t> ParseSize(std::string_view text) {
  return ParseWithUnit(text, kSizes, kSizeForm);
}
std::string FormatSize(std::int64_t bytes) {
  return FormatWithUnit(bytes, kSizes, 0);
}

Result<std::int64_t> ParseInt64(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool plain = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos &&
                     (digits.size() == 1 || digits[0] != '0') && text != "-0";
  if (!plain) return InvalidArgument("an integer is written in decimal digits: 0, 42, -7");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return InvalidArgument("the integer is too large");
  return value;
}

Result<double> ParseDouble(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return InvalidArgument("a number is written like 2, -0.5 or 1e6");
  }
  return value;
}

std::string FormatDouble(double value) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), end);
}

Result<Scalar> ParseScalar(const Field& field, std::string_view text) {
  switch (field.type) {
    case FieldType::kString: return Scalar(std::string(text));
    case FieldType::kBool:
      if (text == "true") return Scalar(true);
      if (text == "false") return Scalar(false);
      return InvalidArgument("expected true or false");
    case FieldType::kInt64: {
      if (field.rule.format == Format::kDuration) {
        PW_ASSIGN(const std::int64_t value, ParseDuration(text));
        return Scalar(value);
      }
      if (field.rule.format == Format::kSize) {
        PW_ASSIGN(const std::int64_t value, ParseSize(text));
        return Scalar(value);
      }
      PW_ASSIGN(const std::int64_t value, ParseInt64(text));
      return Scalar(value);
    }
    case FieldType::kDouble: {
      PW_ASSIGN(const double value, ParseDouble(text));
      return Scalar(value);
    }
    case FieldType::kEnum: {
      if (const EnumValue* value = field.FindEnum(text)) return Scalar(EnumNumber{value->number});
      std::string all;
      for (const EnumValue& value : field.enum_values) all += (all.empty() ? "" : ", ") + value.text;
      return InvalidArgument("expected one of " + all);
    }
    case FieldType::kMessage: break;
  }
  return InvalidArgument("expected an object");
}

std::string FormatScalar(const Field& field, const Scalar& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return FormatDouble(*number);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (field.rule.format == Format::kDuration && *number >= 0) return FormatDuration(*number);
    if (field.rule.format == Format::kSize && *number >= 0) return FormatSize(*number);
    return std::to_string(*number);
  }
  const int number = std::get<EnumNumber>(value).number;
  const EnumValue* known = field.FindEnum(number);
  return known != nullptr ? known->text : std::to_string(number);
}

}  // namespace podwright::kinds
