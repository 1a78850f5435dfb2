#include "reconciler/control/work_queue.h"

#include <algorithm>

namespace podwright::control {

std::chrono::milliseconds BackoffAfter(int failures, std::chrono::milliseconds first, std::chrono::milliseconds most) {
  std::chrono::milliseconds wait = first;
  for (int i = 1; i < failures && wait < most; ++i) wait *= 2;
  return std::min(wait, most);
}

void WorkQueue::Add(const std::string& key, SteadyTime when) {
  const auto it = due_.find(key);
  if (it != due_.end()) {
    if (it->second <= when) return;
    order_.erase({it->second, key});
    it->second = when;
  } else {
    due_.emplace(key, when);
  }
  order_.emplace(when, key);
}

void WorkQueue::Backoff(const std::string& key, SteadyTime now) {
  const int failures = ++failures_[key];
  Remove(key);
  Add(key, now + BackoffAfter(failures, first_, most_));
}

void WorkQueue::Remove(const std::string& key) {
  const auto it = due_.find(key);
  if (it == due_.end()) return;
  order_.erase({it->second, key});
  due_.erase(it);
}

std::optional<std::string> WorkQueue::Take(SteadyTime now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  std::string key = order_.begin()->second;
  Remove(key);
  return key;
}

std::optional<SteadyTime> WorkQueue::NextDue() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

int WorkQueue::Failures(const std::string& key) const {
  const auto it = failures_.find(key);
  return it == failures_.end() ? 0 : it->second;
}

}  // namespace podwright::control
