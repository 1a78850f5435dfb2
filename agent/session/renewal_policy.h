// When the certificate is renewed: at half of its life, give or take a tenth, so that many agents
// spread; after a failure again and again with growing, jittered waits, also when it has long expired.
//
// Pure but for the clock and the randomness it is given. Threading: one thread at a time.
#pragma once

#include <chrono>

#include "core/clock.h"
#include "core/random.h"

namespace podwright::agent {

class RenewalPolicy {
 public:
  static constexpr std::chrono::milliseconds kFirstRetry{10'000};
  static constexpr std::chrono::milliseconds kLongestRetry{600'000};

  RenewalPolicy(Clock& clock, Random& random) : clock_(clock), random_(random) {}

  // A certificate is there, of so long a life.
  void Installed(WallTime issued, WallTime not_after);
  void Failed();

  bool Due() const { return clock_.Now() >= next_; }
  bool Expired() const { return clock_.Now() >= not_after_; }
  // Until it is due.
  std::chrono::milliseconds Wait() const;

 private:
  Clock& clock_;
  Random& random_;
  WallTime not_after_{};
  WallTime next_{};
  int failures_ = 0;
};

// min(first * 2^failures, longest), shortened by up to a half at random: agents that lost the same
// control plane do not return at the same moment.
std::chrono::milliseconds JitteredBackoff(std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                          int failures, Random& random);

}  // namespace podwright::agent
