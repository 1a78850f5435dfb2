#include "agent/engine/repair_limits.h"

#include <gtest/gtest.h>

namespace podwright::agent {
namespace {

using std::chrono::seconds;

TEST(RepairLimits, OneItemWaitsTwiceAsLongEachTime) {
  RepairLimits limits;
  SteadyTime now(std::chrono::hours(1));
  EXPECT_TRUE(limits.Permit("a", now));
  EXPECT_FALSE(limits.Permit("a", now + seconds(1)));
  EXPECT_TRUE(limits.Permit("b", now + seconds(1)));
  now += seconds(2);
  EXPECT_TRUE(limits.Permit("a", now));
  EXPECT_FALSE(limits.Permit("a", now + seconds(3)));
  EXPECT_TRUE(limits.Permit("a", now + seconds(4)));
}

TEST(RepairLimits, AnItemThatKeptStillBeginsAnew) {
  RepairLimits limits;
  SteadyTime now(std::chrono::hours(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(limits.Permit("a", now));
    now = limits.NextTry(now);
  }
  now += std::chrono::minutes(20);
  EXPECT_TRUE(limits.Permit("a", now));
  EXPECT_TRUE(limits.Permit("a", now + seconds(2)));
}

TEST(RepairLimits, ManyItemsAtOnceAreBoundedAndThenFlowSteadily) {
  RepairLimits::Options options;
  options.burst = 3;
  RepairLimits limits(options);
  SteadyTime now(std::chrono::hours(1));
  int permitted = 0;
  for (int i = 0; i < 10; ++i) permitted += limits.Permit("item" + std::to_string(i), now) ? 1 : 0;
  EXPECT_EQ(permitted, 3);
  EXPECT_LE(limits.NextTry(now), now + seconds(2));
  EXPECT_TRUE(limits.Permit("item9", now + seconds(2)));
  EXPECT_FALSE(limits.Permit("item8", now + seconds(2)));
}

}  // namespace
}  // namespace podwright::agent
