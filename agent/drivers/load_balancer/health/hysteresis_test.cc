#include "agent/drivers/load_balancer/health/hysteresis.h"

#include <gtest/gtest.h>

namespace podwright::drivers {
namespace {

TEST(Hysteresis, OnlyFailuresInARowTakeAMemberOut) {
  Hysteresis health(3, 2, true);
  EXPECT_FALSE(health.Note(false));
  EXPECT_FALSE(health.Note(false));
  EXPECT_FALSE(health.Note(true));
  EXPECT_FALSE(health.Note(false));
  EXPECT_FALSE(health.Note(false));
  EXPECT_TRUE(health.up());
  EXPECT_TRUE(health.Note(false));
  EXPECT_FALSE(health.up());
  EXPECT_FALSE(health.Note(false)) << "told once";
}

TEST(Hysteresis, OnlySuccessesInARowBringItBack) {
  Hysteresis health(3, 2, false);
  EXPECT_FALSE(health.Note(true));
  EXPECT_FALSE(health.Note(false));
  EXPECT_FALSE(health.Note(true));
  EXPECT_TRUE(health.Note(true));
  EXPECT_TRUE(health.up());
}

}  // namespace
}  // namespace podwright::drivers
