#include "agent/session/renewal_policy.h"

#include <gtest/gtest.h>

namespace podwright::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(RenewalPolicy, RenewsAtHalfOfItsLifeGiveOrTakeATenth) {
  FakeClock clock;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    RenewalPolicy policy(clock, random);
    policy.Installed(clock.Now(), clock.Now() + hours(24));
    EXPECT_FALSE(policy.Due());
    EXPECT_GE(policy.Wait(), milliseconds(hours(24)) * 4 / 10);
    EXPECT_LE(policy.Wait(), milliseconds(hours(24)) * 6 / 10);
  }
}

TEST(RenewalPolicy, AgentsSpreadTheirRenewals) {
  FakeClock clock;
  milliseconds least = hours(24);
  milliseconds most{0};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    RenewalPolicy policy(clock, random);
    policy.Installed(clock.Now(), clock.Now() + hours(24));
    least = std::min(least, policy.Wait());
    most = std::max(most, policy.Wait());
  }
  EXPECT_GT(most - least, hours(4));
}

TEST(RenewalPolicy, After72HoursAwayItTriesSoonAndReturns) {
  FakeClock clock;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    RenewalPolicy policy(clock, random);
    policy.Installed(clock.Now(), clock.Now() + hours(24));
    const WallTime back = clock.Now() + hours(72);
    int tries = 0;
    while (clock.Now() < back) {
      clock.Advance(policy.Wait() + milliseconds(1));
      ASSERT_TRUE(policy.Due());
      if (clock.Now() < back) {
        policy.Failed();
        ++tries;
      }
    }
    EXPECT_TRUE(policy.Expired());
    EXPECT_LE(clock.Now() - back, minutes(10)) << "it is back within its longest wait";
    EXPECT_LT(tries, 1000) << "and did not hammer";
    policy.Installed(clock.Now(), clock.Now() + hours(24));
    EXPECT_FALSE(policy.Expired());
    EXPECT_FALSE(policy.Due());
  }
}

TEST(RenewalPolicy, AnIdentityWithoutACertificateIsDueAtOnce) {
  FakeClock clock;
  SeededRandom random(1);
  RenewalPolicy policy(clock, random);
  EXPECT_TRUE(policy.Due());
  EXPECT_TRUE(policy.Expired());
}

TEST(JitteredBackoff, GrowsToItsLimitAndNeverBelowHalf) {
  SeededRandom random(7);
  for (int failures = 0; failures < 40; ++failures) {
    const auto wait = JitteredBackoff(milliseconds(1000), milliseconds(60'000), failures, random);
    const std::int64_t full = std::min<std::int64_t>(60'000, 1000LL << std::min(failures, 20));
    EXPECT_LE(wait.count(), full);
    EXPECT_GT(wait.count(), full / 2);
  }
}

}  // namespace
}  // namespace podwright::agent
