// Refinement: what is known about an unknown value, as core and providers tell each other. A value type.
//
// A provider that plans an unknown value with a refinement promises it: the value that apply makes must
// hold it, else core refuses the result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "provider/sdk/value/number.h"

namespace podwright::sdk {

class Value;

struct Refinement {
  struct Bound {
    Number value{};
    bool inclusive = true;
    bool operator==(const Bound&) const = default;
  };
  static constexpr std::size_t kMaxPrefix = 256;  // bytes; a longer one is cut at a character

  bool not_null = false;
  std::string prefix{};                      // of a string
  std::optional<Bound> min{};                // of a number
  std::optional<Bound> max{};                // of a number
  std::optional<std::int64_t> min_length{};  // of a list, set or map
  std::optional<std::int64_t> max_length{};  // of a list, set or map

  bool empty() const { return *this == Refinement(); }
  bool operator==(const Refinement&) const = default;
  // Whether a value may be what the unknown one was promised to become. An unknown value may.
  bool Holds(const Value& value) const;
  // "not null, begins with \"arn:\"": for messages.
  std::string ToDisplay() const;
};

}  // namespace podwright::sdk
