// How long the steps of all looks took together, for /metrics. Threading: any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "reconciler/sources/look.h"

namespace podwright::sources {

struct StepTime {
  std::uint64_t count = 0;
  std::chrono::microseconds sum{};
};

class StepTimes {
 public:
  // Steps that the look did not come to are not counted.
  void Note(const LookTimes& times);
  // fetch, verify, load, check, candidate, agents, plan, commit.
  std::map<std::string, StepTime> All() const;

 private:
  void Add(const std::string& step, std::chrono::microseconds took);

  mutable std::mutex mutex_;
  std::map<std::string, StepTime> steps_;  // protected by mutex_
};

}  // namespace podwright::sources
