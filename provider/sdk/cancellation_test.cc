#include "provider/sdk/cancellation.h"

#include <gtest/gtest.h>

#include <thread>

namespace podwright::sdk {
namespace {

TEST(Cancellation, WakesWaiters) {
  CancellationSource source;
  const CancellationToken token = source.token();
  std::thread waiter([&] { EXPECT_TRUE(token.WaitFor(std::chrono::minutes(5))); });
  source.Cancel();
  waiter.join();
  EXPECT_TRUE(token.cancelled());
}

TEST(Cancellation, RunsCallbacksOnceAndForgottenOnesNever) {
  CancellationSource source;
  int kept = 0;
  int forgotten = 0;
  const auto registration = source.token().OnCancel([&] { ++kept; });
  {
    const auto gone = source.token().OnCancel([&] { ++forgotten; });
  }
  source.Cancel();
  source.Cancel();
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(forgotten, 0);
  int late = 0;
  const auto after = source.token().OnCancel([&] { ++late; });
  EXPECT_EQ(late, 1);
}

TEST(Cancellation, ATokenOfNobodyIsNeverCancelled) {
  EXPECT_FALSE(CancellationToken().cancelled());
  EXPECT_FALSE(CancellationToken().WaitFor(std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace podwright::sdk
