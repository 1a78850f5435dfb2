#include "reconciler/forge/pacer.h"

#include <algorithm>
#include <iterator>

namespace podwright::forge {
namespace {

// A forge counts when a request arrives, which is a little later than it was sent and not always by as much.
constexpr std::chrono::milliseconds kMinute{60'000 + 1'000};
constexpr std::chrono::milliseconds kHour{3'600'000 + 10'000};

int Rank(Urgency urgency) {
  return urgency == Urgency::kInteractive ? 0 : 1;
}

Error TooSoon(std::chrono::milliseconds wait) {
  return ResourceExhausted("the pace for this forge allows the next request in " +
                           std::to_string((wait.count() + 999) / 1000) + " s");
}

std::chrono::milliseconds Until(SteadyTime then, SteadyTime now) {
  return std::chrono::ceil<std::chrono::milliseconds>(then - now);
}

}  // namespace

Pacer::Pacer(Clock& clock, const PaceLimits& limits) : clock_(clock), limits_(limits) {}

SteadyTime Pacer::EarliestLocked(Urgency urgency, SteadyTime now) {
  while (!sent_.empty() && sent_.front() + kHour <= now) sent_.pop_front();
  SteadyTime at = std::max(now, all_held_until_);
  if (!sent_.empty()) at = std::max(at, sent_.back() + limits_.gap);
  const auto room = [&](std::size_t most, std::chrono::milliseconds window) {
    if (most > 0 && sent_.size() >= most) at = std::max(at, sent_[sent_.size() - most] + window);
  };
  room(limits_.writes_per_minute, kMinute);
  const std::size_t kept = urgency == Urgency::kInteractive ? 0 : limits_.kept_for_interactive;
  room(limits_.writes_per_hour > kept ? limits_.writes_per_hour - kept : 1, kHour);
  return at;
}

SteadyTime Pacer::ExpectedLocked(Urgency urgency, SteadyTime now, std::uint64_t ticket) {
  const auto mine = waiting_.lower_bound({Rank(urgency), ticket});
  return EarliestLocked(urgency, now) + limits_.gap * std::distance(waiting_.begin(), mine);
}

Status Pacer::TakeWrite(const Pace& pace) {
  std::unique_lock lock(mutex_);
  SteadyTime now = clock_.Steady();
  const SteadyTime give_up = now + pace.patience;
  const auto mine = waiting_.emplace(Rank(pace.urgency), tickets_++).first;
  Status outcome;
  for (;; now = clock_.Steady()) {
    if (stopped_) {
      outcome = Cancelled("the control plane is stopping");
      break;
    }
    const SteadyTime expected = ExpectedLocked(pace.urgency, now, mine->second);
    const bool is_next = mine == waiting_.begin();
    // Looked at first: who was woken a little late has had its turn, not lost it.
    if (is_next && expected <= now) {
      sent_.push_back(now);
      break;
    }
    if (expected > give_up) {
      outcome = TooSoon(Until(expected, now));
      break;
    }
    clock_.WaitUntil(lock, changed_, is_next ? expected : give_up);
  }
  waiting_.erase(mine);
  changed_.notify_all();
  return outcome;
}

Status Pacer::CheckRead() {
  std::lock_guard lock(mutex_);
  if (stopped_) return Cancelled("the control plane is stopping");
  const SteadyTime now = clock_.Steady();
  if (all_held_until_ > now) return TooSoon(Until(all_held_until_, now));
  return Ok();
}

void Pacer::HoldAll(std::chrono::milliseconds wait) {
  std::lock_guard lock(mutex_);
  all_held_until_ = std::max(all_held_until_, clock_.Steady() + wait);
  changed_.notify_all();
}

void Pacer::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Pacer::Idle() {
  std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.Steady();
  return waiting_.empty() && all_held_until_ <= now && (sent_.empty() || sent_.back() + kHour <= now);
}

SteadyTime Pacer::WriteAt(Urgency urgency) {
  std::lock_guard lock(mutex_);
  return ExpectedLocked(urgency, clock_.Steady(), tickets_);
}

SteadyTime Pacer::ReadAt() {
  std::lock_guard lock(mutex_);
  return std::max(clock_.Steady(), all_held_until_);
}

}  // namespace podwright::forge
