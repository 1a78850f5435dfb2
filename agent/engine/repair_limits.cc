#include "agent/engine/repair_limits.h"

#include <algorithm>

namespace podwright::agent {

void RepairLimits::Refill(SteadyTime now) {
  if (refilled_ == SteadyTime()) refilled_ = now;
  const auto more = (now - refilled_) / options_.refill;
  if (more <= 0) return;
  tokens_ = static_cast<int>(std::min<std::int64_t>(options_.burst, tokens_ + more));
  refilled_ += more * options_.refill;
}

bool RepairLimits::Permit(const std::string& item, SteadyTime now) {
  Refill(now);
  Item& known = items_[item];
  if (known.repairs > 0 && now - known.last > options_.forget) known = Item();
  if (tokens_ <= 0 || (known.repairs > 0 && now < known.next)) return false;
  --tokens_;
  const int doublings = std::min(known.repairs, 16);
  const auto pause =
      std::min(options_.longest_pause, std::chrono::milliseconds(options_.first_pause.count() << doublings));
  ++known.repairs;
  known.last = now;
  known.next = now + pause;
  return true;
}

SteadyTime RepairLimits::NextTry(SteadyTime now) const {
  SteadyTime next = now + options_.longest_pause;
  for (const auto& [name, item] : items_) {
    if (item.next > now) next = std::min(next, item.next);
  }
  if (tokens_ <= 0) next = std::min(next, refilled_ + options_.refill);
  return std::max(next, now);
}

}  // namespace podwright::agent
