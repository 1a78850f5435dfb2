#include "reconciler/forge/own_comment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "reconciler/forge/testing/leaping_clock.h"
#include "reconciler/forge/testing/memory_forge.h"

namespace podwright::forge {
namespace {

using std::chrono::hours;
using testing::LeapingClock;
using testing::MemoryForge;

constexpr Pace kPatient{Urgency::kBackground, hours(10)};

Error Lost() {
  return Error(ErrorCode::kUnknown, "the connection broke", Retry::kBackoff);
}

struct OwnCommentTest : public ::testing::Test {
  OwnCommentTest() : forge(clock) { number = forge.AddPull(PullRequest{}); }
  Result<OwnComment> Write(const std::string& text, std::int64_t known) {
    return WriteOwnComment(forge, number, marker, text, known, kPatient);
  }
  LeapingClock clock;
  MemoryForge forge;
  std::int64_t number = 0;
  const std::string marker = CommentMarker("prod", "plans", 1, "preview");
};

TEST_F(OwnCommentTest, TheFirstIsMadeAndEveryFurtherOneEdited) {
  const auto made = Write("one", 0);
  ASSERT_TRUE(made.ok());
  const auto edited = Write("two", made->id);
  ASSERT_TRUE(edited.ok());
  EXPECT_EQ(edited->id, made->id);
  ASSERT_EQ(forge.comments(number).size(), 1U);
  EXPECT_EQ(forge.comments(number)[0].body, marker + "\ntwo");
}

TEST_F(OwnCommentTest, AfterACreateOfUnknownOutcomeThereIsStillOne) {
  forge.FailAfter("CreateComment", Lost());
  ASSERT_EQ(Write("one", 0).error().code(), ErrorCode::kUnknown);
  const auto again = Write("one", 0);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->written);
  EXPECT_EQ(forge.comments(number).size(), 1U);
  EXPECT_EQ(again->id, forge.comments(number)[0].id);
}

TEST_F(OwnCommentTest, ACreateThatWasNeverDoneIsDoneLater) {
  forge.FailBefore("CreateComment", Lost());
  ASSERT_FALSE(Write("one", 0).ok());
  ASSERT_TRUE(Write("one", 0).ok());
  EXPECT_EQ(forge.comments(number).size(), 1U);
}

TEST_F(OwnCommentTest, TwoThatALateAnswerMadeBecomeOne) {
  forge.AddComment(number, "podwright-bot", MarkedBody(marker, "one"));
  forge.AddComment(number, "podwright-bot", MarkedBody(marker, "one"));
  const auto written = Write("two", 0);
  ASSERT_TRUE(written.ok());
  ASSERT_EQ(forge.comments(number).size(), 1U);
  EXPECT_EQ(forge.comments(number)[0].body, marker + "\ntwo");
}

TEST_F(OwnCommentTest, OneThatSomebodyDeletedIsMadeAnew) {
  const auto made = Write("one", 0);
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(forge.DeleteComment(number, made->id, kPatient).ok());
  const auto again = Write("two", made->id);
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->id, made->id);
  EXPECT_EQ(forge.comments(number).size(), 1U);
}

TEST_F(OwnCommentTest, AnotherOnesCopyOfTheMarkerIsNotOurs) {
  forge.AddComment(number, "mallory", MarkedBody(marker, "no change at all"));
  forge.AddComment(number, "podwright-bot", "> " + marker);
  ASSERT_TRUE(Write("one", 0).ok());
  EXPECT_EQ(forge.comments(number).size(), 3U);
  EXPECT_EQ(forge.comments(number)[0].body, marker + "\nno change at all");
}

TEST(CommentMarker, NamesCannotEndItOrBeTakenForOthers) {
  std::set<std::string> markers;
  const std::vector<std::string> names = {"a", "a/b", "a#1", "-->", "--", "a b", "", "A", "\xC3\xA9", "%2D", "-"};
  for (const std::string& workspace : names) {
    for (const std::string& source : names) {
      for (const std::int64_t number : {1, 11}) {
        const std::string marker = CommentMarker(workspace, source, number, "preview");
        EXPECT_TRUE(markers.insert(marker).second) << marker;
        EXPECT_EQ(marker.find("--", 4), marker.size() - 3) << marker;
        EXPECT_EQ(marker.find('\n'), std::string::npos);
      }
    }
  }
  for (const std::string& one : markers) {
    for (const std::string& other : markers) EXPECT_TRUE(one == other || !one.starts_with(other));
  }
}

TEST(OwnComments, AHundredPullRequestsAtOnceBreakNoLimit) {
  LeapingClock clock;
  MemoryForge forge(clock);
  constexpr int kPulls = 100;
  for (int i = 0; i < kPulls; ++i) forge.AddPull(PullRequest{});
  const SteadyTime start = clock.Steady();
  // As previews do: pending, the comment, the outcome.
  for (int i = 1; i <= kPulls; ++i) {
    const std::string sha(40, 'a');
    ASSERT_TRUE(forge.SetStatus(sha, {StatusState::kPending, "podwright", "", ""}, kPatient).ok());
    ASSERT_TRUE(WriteOwnComment(forge, i, CommentMarker("prod", "plans", i, "preview"), "text", 0, kPatient).ok());
    ASSERT_TRUE(forge.SetStatus(sha, {StatusState::kSuccess, "podwright", "", ""}, kPatient).ok());
  }
  const std::vector<SteadyTime> writes = forge.writes();
  ASSERT_EQ(writes.size(), 300U);
  for (std::size_t i = 1; i < writes.size(); ++i) EXPECT_GE(writes[i] - writes[i - 1], std::chrono::seconds(1));
  for (std::size_t i = 80; i < writes.size(); ++i) EXPECT_GT(writes[i] - writes[i - 80], std::chrono::minutes(1));
  EXPECT_EQ(clock.Steady() - start, std::chrono::seconds(299));
}

}  // namespace
}  // namespace podwright::forge
