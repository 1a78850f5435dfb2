// What was found of instances a moment ago, for whoever asks for their roles several times a second: it stands while
// what tells cheaply of a change is the same, and for so long.
//
// Threading: any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "agent/drivers/database/engine.h"
#include "core/clock.h"

namespace podwright::drivers::database {

class RoleMemo {
 public:
  std::optional<Identity> Find(const std::string& instance, const std::string& stamp, SteadyTime now) const {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(instance);
    if (known == known_.end() || known->second.stamp != stamp || now >= known->second.until) return std::nullopt;
    return known->second.identity;
  }
  void Keep(const std::string& instance, std::string stamp, const Identity& identity, SteadyTime until) {
    const std::lock_guard lock(mutex_);
    known_[instance] = {std::move(stamp), identity, until};
  }

 private:
  struct Known {
    std::string stamp;
    Identity identity;
    SteadyTime until;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Known> known_;  // protected by mutex_; as many as there are instances
};

}  // namespace podwright::drivers::database
