#include "reconciler/forge/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/forge/testing/leaping_clock.h"

namespace podwright::forge {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::LeapingClock;

constexpr Pace kPatient{Urgency::kBackground, hours(100)};
constexpr Pace kPatientPerson{Urgency::kInteractive, hours(100)};

// The most writes in any window of the length.
std::size_t MostIn(const std::vector<SteadyTime>& times, milliseconds window) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] > window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(Pacer, ASecondLiesBetweenWrites) {
  LeapingClock clock;
  Pacer pacer(clock, {});
  ASSERT_TRUE(pacer.TakeWrite(kPatient).ok());
  const SteadyTime first = clock.Steady();
  ASSERT_TRUE(pacer.TakeWrite(kPatient).ok());
  EXPECT_EQ(clock.Steady() - first, seconds(1));
}

TEST(Pacer, AThousandWritesKeepBothLimits) {
  for (const milliseconds gap : {milliseconds(0), milliseconds(1'000)}) {
    LeapingClock clock;
    PaceLimits limits;
    limits.gap = gap;
    Pacer pacer(clock, limits);
    std::vector<SteadyTime> times;
    for (int i = 0; i < 1'000; ++i) {
      ASSERT_TRUE(pacer.TakeWrite(kPatientPerson).ok());
      times.push_back(clock.Steady());
    }
    EXPECT_LE(MostIn(times, minutes(1)), 80U);
    EXPECT_LE(MostIn(times, hours(1)), 500U);
    // And no slower than the limits ask.
    EXPECT_LT(times.back() - times.front(), hours(1) + minutes(15));
  }
}

TEST(Pacer, WithoutPatienceAWriteOutOfTurnFailsAndSaysWhen) {
  LeapingClock clock;
  Pacer pacer(clock, {});
  ASSERT_TRUE(pacer.TakeWrite({}).ok());
  const SteadyTime now = clock.Steady();
  const Status refused = pacer.TakeWrite({});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(refused.error().message(), "the pace for this forge allows the next request in 1 s");
  EXPECT_EQ(clock.Steady(), now);
  EXPECT_EQ(pacer.WriteAt(Urgency::kBackground), now + seconds(1));
  clock.Advance(seconds(1));
  EXPECT_TRUE(pacer.TakeWrite({}).ok());
}

TEST(Pacer, OnAClockThatGoesOnAWriteNeedsNoPatienceWhenItIsItsTurn) {
  SystemClock clock;
  PaceLimits limits;
  limits.gap = milliseconds(0);
  Pacer pacer(clock, limits);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pacer.TakeWrite({Urgency::kInteractive, milliseconds(0)}).ok()) << i;
  limits.gap = milliseconds(5);
  Pacer slower(clock, limits);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(slower.TakeWrite({Urgency::kBackground, hours(1)}).ok()) << i;
}

TEST(Pacer, BackgroundLeavesRoomForPeopleInTheHour) {
  LeapingClock clock;
  Pacer pacer(clock, {});
  for (int i = 0; i < 475; ++i) ASSERT_TRUE(pacer.TakeWrite({Urgency::kBackground, minutes(1)}).ok()) << i;
  EXPECT_FALSE(pacer.TakeWrite({Urgency::kBackground, minutes(1)}).ok());
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(pacer.TakeWrite({Urgency::kInteractive, minutes(1)}).ok()) << i;
  EXPECT_FALSE(pacer.TakeWrite({Urgency::kInteractive, minutes(1)}).ok());
}

TEST(Pacer, WhoWaitsWithAPersonGoesFirst) {
  FakeClock clock;
  Pacer pacer(clock, {});
  ASSERT_TRUE(pacer.TakeWrite({}).ok());
  std::mutex mutex;
  std::string order;
  const auto write = [&](const Pace& pace, char name) {
    if (!pacer.TakeWrite(pace).ok()) return;
    std::lock_guard lock(mutex);
    order += name;
  };
  // The later a write comes up in line, the later WriteAt is: so each is known to wait before the next comes.
  const auto waits = [&](seconds behind) {
    while (pacer.WriteAt(Urgency::kBackground) < clock.Steady() + behind) std::this_thread::yield();
  };
  std::thread background([&] { write(kPatient, 'b'); });
  waits(seconds(2));
  std::thread later([&] { write(kPatient, 'c'); });
  waits(seconds(3));
  std::thread person([&] { write(kPatientPerson, 'a'); });
  waits(seconds(4));
  for (std::size_t done = 1; done <= 3; ++done) {
    clock.Advance(seconds(1));
    while (true) {
      std::lock_guard lock(mutex);
      if (order.size() == done) break;
    }
  }
  background.join();
  later.join();
  person.join();
  EXPECT_EQ(order, "abc");
}

TEST(Pacer, WhatTheForgeHoldsIsHeldForReadsAndWrites) {
  LeapingClock clock;
  Pacer pacer(clock, {});
  EXPECT_TRUE(pacer.CheckRead().ok());
  pacer.HoldAll(minutes(5));
  EXPECT_EQ(pacer.CheckRead().error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(pacer.ReadAt(), clock.Steady() + minutes(5));
  EXPECT_EQ(pacer.WriteAt(Urgency::kInteractive), clock.Steady() + minutes(5));
  const SteadyTime before = clock.Steady();
  ASSERT_TRUE(pacer.TakeWrite(kPatient).ok());
  EXPECT_EQ(clock.Steady() - before, minutes(5));
  EXPECT_TRUE(pacer.CheckRead().ok());
}

TEST(Pacer, StopEndsWaits) {
  FakeClock clock;
  Pacer pacer(clock, {});
  ASSERT_TRUE(pacer.TakeWrite({}).ok());
  std::thread waiter([&] { EXPECT_EQ(pacer.TakeWrite(kPatient).error().code(), ErrorCode::kCancelled); });
  pacer.Stop();
  waiter.join();
  EXPECT_EQ(pacer.CheckRead().error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace podwright::forge
