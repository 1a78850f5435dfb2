#include "reconciler/control/work_queue.h"

#include <gtest/gtest.h>

namespace podwright::control {
namespace {

using std::chrono::milliseconds;

const SteadyTime kStart = SteadyTime(std::chrono::hours(1));

TEST(WorkQueue, HandsOutWhatIsDueTheOldestFirst) {
  WorkQueue queue(milliseconds(10), milliseconds(100));
  queue.Add("b", kStart + milliseconds(2));
  queue.Add("a", kStart + milliseconds(1));
  EXPECT_FALSE(queue.Take(kStart));
  EXPECT_EQ(queue.Take(kStart + milliseconds(5)), "a");
  EXPECT_EQ(queue.Take(kStart + milliseconds(5)), "b");
  EXPECT_FALSE(queue.Take(kStart + milliseconds(5)));
}

TEST(WorkQueue, HoldsAKeyOnceAtItsEarliestTime) {
  WorkQueue queue(milliseconds(10), milliseconds(100));
  queue.Add("a", kStart + milliseconds(5));
  queue.Add("a", kStart + milliseconds(9));
  queue.Add("a", kStart + milliseconds(1));
  EXPECT_EQ(queue.NextDue(), kStart + milliseconds(1));
  EXPECT_EQ(queue.Take(kStart + milliseconds(9)), "a");
  EXPECT_FALSE(queue.NextDue());
}

TEST(WorkQueue, BacksOffLongerWithEachFailureUpToItsMost) {
  WorkQueue queue(milliseconds(10), milliseconds(35));
  for (const int wait : {10, 20, 35, 35}) {
    queue.Backoff("a", kStart);
    EXPECT_EQ(queue.NextDue(), kStart + milliseconds(wait));
    EXPECT_EQ(queue.Take(kStart + milliseconds(wait)), "a");
  }
  queue.Forget("a");
  queue.Backoff("a", kStart);
  EXPECT_EQ(queue.NextDue(), kStart + milliseconds(10));
}

}  // namespace
}  // namespace podwright::control
