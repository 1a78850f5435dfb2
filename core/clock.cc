#include "core/clock.h"

#include <cstdio>
#include <ctime>

namespace podwright {

WallTime SystemClock::Now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}
SteadyTime SystemClock::Steady() {
  return std::chrono::steady_clock::now();
}
void SystemClock::WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                            SteadyTime deadline) {
  condition.wait_until(lock, deadline);
}

FakeClock::FakeClock(WallTime start) : now_(start), steady_(std::chrono::hours(1)) {}
WallTime FakeClock::Now() {
  std::lock_guard lock(mutex_);
  return now_;
}
SteadyTime FakeClock::Steady() {
  std::lock_guard lock(mutex_);
  return steady_;
}
void FakeClock::Advance(std::chrono::milliseconds by) {
  std::lock_guard lock(mutex_);
  now_ += by;
  steady_ += by;
}
void FakeClock::WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, SteadyTime deadline) {
  // Looks again every millisecond of real time: the waiter's condition variable is not ours to notify.
  if (Steady() < deadline) condition.wait_for(lock, std::chrono::milliseconds(1));
}

std::string FormatRfc3339(WallTime time) {
  const std::int64_t millis = ToUnixMillis(time);
  std::int64_t seconds = millis / 1000;
  std::int64_t rest = millis % 1000;
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  const std::time_t t = seconds;
  std::tm parts{};
  gmtime_r(&t, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(rest));
  return text;
}

}  // namespace podwright
