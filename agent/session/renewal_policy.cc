#include "agent/session/renewal_policy.h"

#include <algorithm>

namespace podwright::agent {

std::chrono::milliseconds JitteredBackoff(std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                          int failures, Random& random) {
  const auto full = std::min<std::int64_t>(longest.count(), first.count() << std::min(failures, 20));
  const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(full / 2, 1));
  return std::chrono::milliseconds(full - static_cast<std::int64_t>(random.Below(half)));
}

void RenewalPolicy::Installed(WallTime issued, WallTime not_after) {
  failures_ = 0;
  not_after_ = not_after;
  const std::int64_t life = std::max<std::int64_t>((not_after - issued).count(), 0);
  const auto spread = static_cast<std::uint64_t>(life / 5 + 1);
  const std::int64_t jitter = static_cast<std::int64_t>(random_.Below(spread)) - life / 10;
  next_ = issued + std::chrono::milliseconds(life / 2 + jitter);
}

void RenewalPolicy::Failed() {
  next_ = clock_.Now() + JitteredBackoff(kFirstRetry, kLongestRetry, failures_, random_);
  ++failures_;
}

std::chrono::milliseconds RenewalPolicy::Wait() const {
  return std::max(next_ - clock_.Now(), std::chrono::milliseconds(0));
}

}  // namespace podwright::agent
