// The pace of one account on one forge: how many writes a minute and an hour, how far apart, and when the forge said
// "later". The figures are GitHub's secondary limits (80 requests that make content a minute, 500 an hour, a second
// between them: docs.github.com/rest/using-the-rest-api, "best practices" and "rate limits"), kept for every forge.
//
// A write that waits with more urgency goes first; among equals the one that came first.
// Threading: any thread.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "core/clock.h"
#include "core/result.h"
#include "reconciler/forge/forge.h"

namespace podwright::forge {

struct PaceLimits {
  std::size_t writes_per_minute = 80;
  std::size_t writes_per_hour = 500;
  // Of the hour's writes kept for interactive ones: a crowd of background writes never shuts a person out.
  std::size_t kept_for_interactive = 25;
  std::chrono::milliseconds gap{1'000};
};

class Pacer {
 public:
  Pacer(Clock& clock, const PaceLimits& limits);

  // Returns when a write may be sent, and counts it. kResourceExhausted: its turn is further away than the patience;
  // kCancelled.
  Status TakeWrite(const Pace& pace);
  // kResourceExhausted while the forge wants no requests at all.
  Status CheckRead();

  // The forge said that nothing is wanted for so long.
  void HoldAll(std::chrono::milliseconds wait);
  void Stop();
  // Nothing waits, and nothing that was sent or said counts any more: a new one would do the same.
  bool Idle();

  SteadyTime WriteAt(Urgency urgency);
  SteadyTime ReadAt();

 private:
  SteadyTime EarliestLocked(Urgency urgency, SteadyTime now);
  SteadyTime ExpectedLocked(Urgency urgency, SteadyTime now, std::uint64_t ticket);

  Clock& clock_;
  const PaceLimits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  std::deque<SteadyTime> sent_;                      // the last hour's writes, the oldest first
  std::set<std::pair<int, std::uint64_t>> waiting_;  // (rank, ticket): the first goes next
  std::uint64_t tickets_ = 0;
  SteadyTime all_held_until_{};
  bool stopped_ = false;
};

}  // namespace podwright::forge
