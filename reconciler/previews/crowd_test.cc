// A hundred pull requests at once: no limit of the forge is broken, and all are answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/previews/testing/preview_world.h"

namespace podwright::previews {
namespace {

using testing::ServerDocument;
using ::testing::SizeIs;

class CrowdTest : public ::testing::Test, public testing::PreviewWorld {};

// The most writes within any `window`.
std::size_t Most(const std::vector<SteadyTime>& writes, std::chrono::seconds window) {
  std::size_t most = 0;
  for (std::size_t i = 0, first = 0; i < writes.size(); ++i) {
    while (writes[i] - writes[first] >= window) ++first;
    most = std::max(most, i - first + 1);
  }
  return most;
}

TEST_F(CrowdTest, AHundredPullRequestsAtOnceBreakNoLimitAndAllAreAnswered) {
  Begin();
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    Open("change-" + n, "web.yaml", ServerDocument("web", "changed " + n));
  }
  const SteadyTime begin = world.clock.Steady();
  Pass(std::chrono::minutes(10));
  const auto writes = forge.writes();
  ASSERT_THAT(writes, SizeIs(200));
  EXPECT_LE(Most(writes, std::chrono::seconds(60)), 80U);
  EXPECT_LE(Most(writes, std::chrono::hours(1)), 500U);
  for (int i = 1; i <= 100; ++i) EXPECT_THAT(Comments(i), SizeIs(1));
  const auto statuses = forge.statuses();
  ASSERT_THAT(statuses, SizeIs(100));
  EXPECT_EQ(statuses.back().at, writes[99]) << "statuses first";
  EXPECT_LT(writes.back() - begin, std::chrono::minutes(5));
}

TEST_F(CrowdTest, WhoAsksInACommentGoesBeforeTheCrowd) {
  Begin();
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    Open("change-" + n, "web.yaml", ServerDocument("web", "changed " + n));
  }
  const std::string head = Push(20, "change-19", "db.yaml", ServerDocument("db"));
  forge.AddComment(20, "ada", "podwright plan");
  PassInterval();
  EXPECT_EQ(forge.statuses().front().sha, head);
}

}  // namespace
}  // namespace podwright::previews
