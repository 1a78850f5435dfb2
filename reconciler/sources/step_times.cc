#include "reconciler/sources/step_times.h"

#include <utility>
#include <vector>

namespace podwright::sources {
namespace {

std::vector<std::pair<std::string, std::chrono::microseconds>> Steps(const LookTimes& times) {
  return {{"fetch", times.fetch},
          {"verify", times.verify},
          {"load", times.load},
          {"check", times.parts.check},
          {"candidate", times.parts.candidate},
          {"agents", times.parts.agents},
          {"plan", times.parts.plan},
          {"commit", times.parts.commit}};
}

}  // namespace

void StepTimes::Add(const std::string& step, std::chrono::microseconds took) {
  StepTime& time = steps_[step];
  ++time.count;
  time.sum += took;
}

void StepTimes::Note(const LookTimes& times) {
  const std::lock_guard lock(mutex_);
  for (const auto& [step, took] : Steps(times)) {
    if (took.count() > 0) Add(step, took);
  }
}

std::map<std::string, StepTime> StepTimes::All() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

}  // namespace podwright::sources
