// Number: Terraform's number, kept as decimal text, so that nothing is lost.
//
// The text is canonical: an optional '-', digits without leading zeros, and a fraction without
// trailing zeros; never an exponent. Two numbers are equal where their texts are. A value type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::sdk {

class Number {
 public:
  // A number of more digits than this is refused: text such as 1e999999999 must not become memory.
  static constexpr std::size_t kMaxDigits = 4096;

  Number() : text_("0"), int64_(0) {}
  static Number FromInt64(std::int64_t value);
  static Number FromUint64(std::uint64_t value);
  // The shortest decimal that means this double: 0.1 is "0.1", as it is in a configuration.
  static Result<Number> FromDouble(double value);
  // The exact value of the double, all its digits: what a float on the wire means.
  static Result<Number> FromExactDouble(double value);
  // JSON's and HCL's forms, exponents included.
  static Result<Number> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  // Set where the number is that integer exactly.
  std::optional<std::int64_t> int64() const { return int64_; }
  // Set where some double is this number exactly.
  std::optional<double> ExactDouble() const;
  // The nearest double.
  double ToDouble() const;
  bool is_integer() const { return text_.find('.') == std::string::npos; }

  bool operator==(const Number& other) const { return text_ == other.text_; }
  // Numeric order: -1, 0 or 1.
  int Compare(const Number& other) const;

 private:
  explicit Number(std::string text);
  Number(std::string text, std::int64_t value) : text_(std::move(text)), int64_(value) {}

  std::string text_;
  std::optional<std::int64_t> int64_;
};

}  // namespace podwright::sdk
