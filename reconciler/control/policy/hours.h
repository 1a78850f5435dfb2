// Weekly hours in a time zone: "Sat 02:00-04:00", "Mon-Fri 22:00-23:30", "22:00-04:00".
//
// The zones are those of the host's time zone database, read by abseil. A time that clocks skip begins when they go on;
// hours that they show twice are open from the first beginning to the second end.
//
// Pure but for the loading of a zone. Units: milliseconds since 1970. Threading: values.
#pragma once

#include <absl/time/time.h>

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::control {

struct WeeklyHours {
  std::bitset<7> days;  // on which they begin, from Monday
  int begin = 0;        // minutes from midnight
  int end = 0;          // up to 24 * 60; not after `begin`: of the next day
};

// kInvalidArgument says what is wrong.
Result<WeeklyHours> ParseHours(std::string_view text);
// kInvalidArgument: the host does not know such a zone.
Result<absl::TimeZone> LoadZone(const std::string& name);

// Whether any of the hours is open at `now`.
bool IsOpen(const std::vector<WeeklyHours>& hours, const absl::TimeZone& zone, std::int64_t now);
// The next beginning after `now`; nullopt: none within two weeks.
std::optional<std::int64_t> NextOpening(const std::vector<WeeklyHours>& hours, const absl::TimeZone& zone,
                                        std::int64_t now);

}  // namespace podwright::control
