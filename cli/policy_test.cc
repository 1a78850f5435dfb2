// What policy says, and approving, at the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/render/policy.h"
#include "core/digest.h"

namespace podwright::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::PolicyVerdict Held() {
  v1::PolicyVerdict verdict;
  verdict.set_digest(std::string(32, '\x5a'));
  verdict.set_approval_needed(true);
  verdict.set_needed(2);
  verdict.add_approvers("token:ada");
  verdict.add_approvers("token:bob");
  verdict.add_limits()->set_text("deletes: 12 deletions, and the limit is 10");
  verdict.add_given()->set_actor("token:ada");
  return verdict;
}

TEST(PolicyLines, NothingIsSaidWhereNothingStandsInTheWay) {
  EXPECT_THAT(PolicyLines(v1::PolicyVerdict()), IsEmpty());
}

TEST(PolicyLines, LimitsApprovalsAndTheCommandAreNamed) {
  const auto lines = PolicyLines(Held());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "deletes: 12 deletions, and the limit is 10");
  EXPECT_EQ(lines[1], "needs 2 approvals of token:ada, token:bob; 1 given by token:ada: podwright approve " +
                          HexEncode(std::string(32, '\x5a')));
}

TEST(PolicyLines, WindowsAndWavesAreNamed) {
  v1::PolicyVerdict verdict;
  auto* wait = verdict.add_windows();
  wait->mutable_object()->set_kind("database");
  wait->mutable_object()->set_name("orders");
  wait->set_window("night (02:00-04:00 UTC)");
  wait->set_opens_unix_ms(1'700'013'600'000);
  auto* wave = verdict.add_waves();
  wave->set_number(1);
  wave->set_selector("stage=canary");
  wave->add_objects()->set_kind("server");
  wave->mutable_objects(0)->set_name("web-1");
  const auto lines = PolicyLines(verdict);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0],
              HasSubstr("database/orders waits for its window night (02:00-04:00 UTC), which opens at 2023-"));
  EXPECT_EQ(lines[1], "wave 1 (stage=canary): server/web-1");
}

}  // namespace
}  // namespace podwright::cli
