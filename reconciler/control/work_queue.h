// Keys that want attention, each at most once, with a backoff of its own for those that failed.
// Level-triggered: a key says where to look, never what happened.
//
// Threading: one thread (the control plane's lock). Time comes in as an argument.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/clock.h"

namespace podwright::control {

class WorkQueue {
 public:
  WorkQueue(std::chrono::milliseconds first, std::chrono::milliseconds most) : first_(first), most_(most) {}

  // Due at `when`, or earlier when it already was.
  void Add(const std::string& key, SteadyTime when);
  // The key failed: due after its backoff, which doubles with each failure in a row.
  void Backoff(const std::string& key, SteadyTime now);
  // The key did well: its backoff begins anew.
  void Forget(const std::string& key) { failures_.erase(key); }
  void Remove(const std::string& key);
  // The key that has been due for longest, taken out; nullopt: none is due.
  std::optional<std::string> Take(SteadyTime now);
  std::optional<SteadyTime> NextDue() const;
  int Failures(const std::string& key) const;

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds most_;
  std::map<std::string, SteadyTime> due_;
  std::set<std::pair<SteadyTime, std::string>> order_;
  std::map<std::string, int> failures_;
};

// first · 2^(failures-1), at most `most`; failures from 1.
std::chrono::milliseconds BackoffAfter(int failures, std::chrono::milliseconds first, std::chrono::milliseconds most);

}  // namespace podwright::control
