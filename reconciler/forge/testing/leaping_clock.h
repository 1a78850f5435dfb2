// A clock that is at the deadline as soon as somebody waits for it: hours of pacing pass in no time.
//
// Threading: any thread; with several that wait, time goes to whichever deadline is waited for first.
#pragma once

#include <chrono>
#include <mutex>

#include "core/clock.h"

namespace podwright::forge::testing {

class LeapingClock final : public Clock {
 public:
  WallTime Now() override { return clock_.Now(); }
  SteadyTime Steady() override { return clock_.Steady(); }
  void WaitUntil(std::unique_lock<std::mutex>&, std::condition_variable&, SteadyTime deadline) override {
    const auto missing = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.Steady());
    if (missing.count() > 0) clock_.Advance(missing);
  }
  void Advance(std::chrono::milliseconds by) { clock_.Advance(by); }

 private:
  FakeClock clock_;
};

}  // namespace podwright::forge::testing
