// Durations as Go (and so every Terraform configuration) writes them: "1h30m", "1.5h", "-250ms", "0". Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::sdk {

// Units: ns, us (or µs), ms, s, m, h. Refused: a number without a unit (but "0"), more than 292 years.
Result<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// The shortest form of those units: "1h30m", "250ms", "0s".
std::string FormatDuration(std::chrono::nanoseconds duration);

}  // namespace podwright::sdk
