#include "reconciler/forge/rate_limits.h"

#include <gtest/gtest.h>

#include <string>

namespace podwright::forge {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNow(milliseconds(1'700'000'000'000));
constexpr char kDate[] = "Tue, 14 Nov 2023 22:13:20 GMT";  // kNow

HttpAnswer Answer(int status, std::map<std::string, std::string> headers, std::string body = "") {
  return HttpAnswer{status, std::move(headers), std::move(body)};
}

TEST(RateLimits, RetryAfterIsHonoured) {
  const auto limit = LimitOf(Answer(403, {{"retry-after", "37"}}), kNow, 0);
  ASSERT_TRUE(limit);
  EXPECT_TRUE(limit->refused);
  EXPECT_EQ(limit->wait, seconds(37));
  const auto dated = LimitOf(Answer(429, {{"retry-after", "Tue, 14 Nov 2023 22:14:20 GMT"}, {"date", kDate}}), kNow, 0);
  ASSERT_TRUE(dated);
  EXPECT_EQ(dated->wait, seconds(60));
}

TEST(RateLimits, AResetCountsFromTheForgesOwnClock) {
  const std::map<std::string, std::string> headers = {
      {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1700000120"}, {"date", kDate}};
  // Ours is an hour off.
  const auto limit = LimitOf(Answer(403, headers, "{}"), kNow + std::chrono::hours(1), 0);
  ASSERT_TRUE(limit);
  EXPECT_TRUE(limit->refused);
  EXPECT_EQ(limit->wait, seconds(121));
  const auto gitlab =
      LimitOf(Answer(429, {{"ratelimit-remaining", "0"}, {"ratelimit-reset", "1700000060"}, {"date", kDate}}), kNow, 0);
  ASSERT_TRUE(gitlab);
  EXPECT_EQ(gitlab->wait, seconds(61));
}

TEST(RateLimits, TheLastRequestOfTheHourHoldsTheNextAndWasCarriedOut) {
  const auto limit = LimitOf(
      Answer(200, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1700000010"}, {"date", kDate}}), kNow, 0);
  ASSERT_TRUE(limit);
  EXPECT_FALSE(limit->refused);
  EXPECT_EQ(limit->wait, seconds(11));
  EXPECT_FALSE(LimitOf(Answer(200, {{"x-ratelimit-remaining", "12"}, {"x-ratelimit-reset", "1700000010"}}), kNow, 0));
}

TEST(RateLimits, ASecondaryLimitInWordsAloneWaitsLongerEachTime) {
  const HttpAnswer answer = Answer(403, {}, R"({"message":"You have exceeded a secondary rate limit."})");
  EXPECT_EQ(LimitOf(answer, kNow, 0)->wait, minutes(1));
  EXPECT_EQ(LimitOf(answer, kNow, 1)->wait, minutes(2));
  EXPECT_EQ(LimitOf(answer, kNow, 60)->wait, minutes(15));
  EXPECT_TRUE(LimitOf(answer, kNow, 0)->refused);
  EXPECT_EQ(LimitOf(Answer(429, {}), kNow, 0)->wait, minutes(1));
}

TEST(RateLimits, AForbiddenRequestIsNoLimit) {
  EXPECT_FALSE(LimitOf(Answer(403, {}, R"({"message":"Resource not accessible by integration"})"), kNow, 0));
  EXPECT_FALSE(LimitOf(Answer(503, {}), kNow, 0));
}

TEST(RateLimits, WhatTheForgeSaysIsBounded) {
  EXPECT_EQ(LimitOf(Answer(429, {{"retry-after", "999999999"}}), kNow, 0)->wait, std::chrono::hours(2));
  EXPECT_EQ(LimitOf(Answer(429, {{"retry-after", "0"}}), kNow, 0)->wait, seconds(1));
  EXPECT_EQ(LimitOf(Answer(429, {{"retry-after", "-5"}}), kNow, 0)->wait, minutes(1));
}

}  // namespace
}  // namespace podwright::forge
