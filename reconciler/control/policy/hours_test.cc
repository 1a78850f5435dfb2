// Windows on the clock: days, midnights, and the nights when clocks change.
#include "reconciler/control/policy/hours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podwright::control {
namespace {

using ::testing::HasSubstr;

std::int64_t At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return absl::ToUnixMillis(time);
}

std::vector<WeeklyHours> Hours(const std::vector<std::string>& texts) {
  std::vector<WeeklyHours> out;
  for (const std::string& text : texts) out.push_back(ParseHours(text).value());
  return out;
}

TEST(Hours, TheyOpenOnTheirDaysFromTheFirstMinuteToTheLast) {
  const auto hours = Hours({"Sat 02:00-04:00"});
  const absl::TimeZone utc = absl::UTCTimeZone();
  EXPECT_FALSE(IsOpen(hours, utc, At("2026-11-21T01:59:59Z")));
  EXPECT_TRUE(IsOpen(hours, utc, At("2026-11-21T02:00:00Z")));
  EXPECT_TRUE(IsOpen(hours, utc, At("2026-11-21T03:59:59Z")));
  EXPECT_FALSE(IsOpen(hours, utc, At("2026-11-21T04:00:00Z")));
  EXPECT_FALSE(IsOpen(hours, utc, At("2026-11-22T03:00:00Z")));
}

TEST(Hours, AnEndBeforeItsBeginningIsOnTheNextDay) {
  const auto hours = Hours({"Fri 22:00-04:00"});
  const absl::TimeZone utc = absl::UTCTimeZone();
  EXPECT_TRUE(IsOpen(hours, utc, At("2026-11-20T23:00:00Z")));
  EXPECT_TRUE(IsOpen(hours, utc, At("2026-11-21T03:59:00Z")));
  EXPECT_FALSE(IsOpen(hours, utc, At("2026-11-20T03:00:00Z")));
}

TEST(Hours, DaysAreListedAndRangesGoOverTheWeeksEnd) {
  const auto hours = Hours({"Wed,Sat-Mon 10:00-11:00"});
  const absl::TimeZone utc = absl::UTCTimeZone();
  const std::vector<bool> open = {true, false, true, false, false, true, true};  // from Monday
  for (int day = 0; day < 7; ++day) {
    const std::int64_t then = At("2026-11-16T10:30:00Z") + day * 86'400'000LL;
    EXPECT_EQ(IsOpen(hours, utc, then), open[static_cast<std::size_t>(day)]) << day;
  }
}

TEST(Hours, TheNextOpeningIsTheFirstOfAll) {
  const auto hours = Hours({"Sat 02:00-04:00", "Mon-Fri 22:00-23:30"});
  const absl::TimeZone utc = absl::UTCTimeZone();
  EXPECT_EQ(NextOpening(hours, utc, At("2026-11-20T12:00:00Z")), At("2026-11-20T22:00:00Z"));
  EXPECT_EQ(NextOpening(hours, utc, At("2026-11-20T22:00:00Z")), At("2026-11-21T02:00:00Z"));
  EXPECT_EQ(NextOpening(hours, utc, At("2026-11-21T05:00:00Z")), At("2026-11-23T22:00:00Z"));
}

TEST(Hours, TheyAreThoseOfTheZoneInSummerAndInWinter) {
  const auto hours = Hours({"02:00-04:00"});
  const absl::TimeZone berlin = LoadZone("Europe/Berlin").value();
  EXPECT_TRUE(IsOpen(hours, berlin, At("2026-01-10T01:30:00Z")));   // 02:30
  EXPECT_FALSE(IsOpen(hours, berlin, At("2026-01-10T03:30:00Z")));  // 04:30
  EXPECT_TRUE(IsOpen(hours, berlin, At("2026-07-10T00:30:00Z")));   // 02:30
  EXPECT_FALSE(IsOpen(hours, berlin, At("2026-07-10T02:30:00Z")));  // 04:30
}

TEST(Hours, ATimeThatIsSkippedBeginsWhenTheClocksGoOn) {
  // On 29 March 2026 Berlin's clocks go from 02:00 to 03:00, at 01:00 UTC.
  const auto hours = Hours({"Sun 02:30-03:30"});
  const absl::TimeZone berlin = LoadZone("Europe/Berlin").value();
  EXPECT_EQ(NextOpening(hours, berlin, At("2026-03-28T12:00:00Z")), At("2026-03-29T01:00:00Z"));
  EXPECT_TRUE(IsOpen(hours, berlin, At("2026-03-29T01:10:00Z")));   // 03:10
  EXPECT_FALSE(IsOpen(hours, berlin, At("2026-03-29T01:30:00Z")));  // 03:30
}

TEST(Hours, HoursThatAreSkippedAltogetherDoNotOpen) {
  const auto hours = Hours({"Sun 02:15-02:45"});
  const absl::TimeZone berlin = LoadZone("Europe/Berlin").value();
  EXPECT_FALSE(IsOpen(hours, berlin, At("2026-03-29T01:00:00Z")));
  EXPECT_EQ(NextOpening(hours, berlin, At("2026-03-28T12:00:00Z")), At("2026-04-05T00:15:00Z"));
}

TEST(Hours, HoursThatComeTwiceAreOpenBothTimes) {
  // On 25 October 2026 Berlin's clocks go from 03:00 back to 02:00, at 01:00 UTC.
  const auto hours = Hours({"Sun 02:30-03:00"});
  const absl::TimeZone berlin = LoadZone("Europe/Berlin").value();
  EXPECT_FALSE(IsOpen(hours, berlin, At("2026-10-25T00:29:00Z")));
  EXPECT_TRUE(IsOpen(hours, berlin, At("2026-10-25T00:30:00Z")));  // 02:30, first
  EXPECT_TRUE(IsOpen(hours, berlin, At("2026-10-25T01:45:00Z")));  // 02:45, second
  EXPECT_FALSE(IsOpen(hours, berlin, At("2026-10-25T02:00:00Z")));
}

TEST(Hours, AWholeDayEndsAtMidnight) {
  const auto hours = Hours({"Sun 00:00-24:00"});
  const absl::TimeZone utc = absl::UTCTimeZone();
  EXPECT_FALSE(IsOpen(hours, utc, At("2026-11-21T23:59:59Z")));
  EXPECT_TRUE(IsOpen(hours, utc, At("2026-11-22T00:00:00Z")));
  EXPECT_TRUE(IsOpen(hours, utc, At("2026-11-22T23:59:59Z")));
  EXPECT_FALSE(IsOpen(hours, utc, At("2026-11-23T00:00:00Z")));
}

TEST(Hours, WhatIsNoneIsRefused) {
  for (const char* text : {"", "Sat", "Sat 2:00-4:00", "Sat 02:00", "Sun 25:00-26:00", "Xyz 02:00-03:00", "02:00-02:00",
                           "Mon- 02:00-03:00", "24:00-02:00", "Mon,,Tue 02:00-03:00", "02:60-03:00"}) {
    EXPECT_FALSE(ParseHours(text).ok()) << text;
  }
}

TEST(Hours, AZoneThatTheHostDoesNotKnowIsRefused) {
  const auto zone = LoadZone("Europe/Atlantis");
  ASSERT_FALSE(zone.ok());
  EXPECT_THAT(zone.error().message(), HasSubstr("Europe/Atlantis"));
}

}  // namespace
}  // namespace podwright::control
