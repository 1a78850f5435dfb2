// The time, as a seam: everything that waits or stamps takes a Clock, so that tests move it by hand.
//
// Units: std::chrono. Threading: all methods may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

namespace podwright {

using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() = 0;
  // Never goes back; for measuring and for deadlines.
  virtual SteadyTime Steady() = 0;
  // Waits on `condition` (its mutex held through `lock`) until it is notified or `deadline` is
  // reached by *this* clock. Spurious wake-ups happen: test the predicate again.
  virtual void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                         SteadyTime deadline) = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime Now() override;
  SteadyTime Steady() override;
  void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, SteadyTime deadline) override;
};

// Moves only by Advance. WaitUntil returns as soon as the clock passed the deadline.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime start = WallTime(std::chrono::milliseconds(1'700'000'000'000)));
  WallTime Now() override;
  SteadyTime Steady() override;
  void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, SteadyTime deadline) override;
  void Advance(std::chrono::milliseconds by);

 private:
  std::mutex mutex_;
  WallTime now_;       // protected by mutex_
  SteadyTime steady_;  // protected by mutex_
};

// "2026-11-21T03:04:05.678Z".
std::string FormatRfc3339(WallTime time);
inline std::int64_t ToUnixMillis(WallTime time) {
  return time.time_since_epoch().count();
}
inline WallTime FromUnixMillis(std::int64_t millis) {
  return WallTime(std::chrono::milliseconds(millis));
}

}  // namespace podwright
