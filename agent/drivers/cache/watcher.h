// Sentinel of a cache on this server. Internal to the cache's driver.
//
// One per call of the driver, on one thread; refers to the context.
#pragma once

#include <string>
#include <vector>

#include "agent/drivers/cache/context.h"

namespace podwright::drivers::cache {

struct FoundWatcher {
  bool unit = false;  // its file is as it was written
  bool active = false;
  bool coming = false;
  bool answers = false;
  bool settings = false;
  std::string primary;  // an address
  std::int64_t epoch = 0;
  std::string quorum;
  std::vector<std::string> strangers;  // sorted
};

class Watcher {
 public:
  explicit Watcher(Context& context) : context_(context) {}

  Result<FoundWatcher> Look();
  void Observe(const FoundWatcher& found, v1::kinds::CacheObservedSentinel& out) const;
  std::vector<Drift> Compare(const FoundWatcher& found);

  // The action's settings are kept already. `primary`: an address, for a Sentinel that never ran.
  Status Set(const std::string& primary, std::vector<std::string>* log);
  // Forgets members and Sentinels that are no more, and waits until it knows the others again.
  Status Forget(std::vector<std::string>* log);
  Status Leave();

 private:
  Status ApplySettings();
  Status WriteConf(const std::string& primary);
  Status Start();
  Result<std::vector<std::string>> Strangers(const std::vector<host::RedisReply>& replicas,
                                             const std::vector<host::RedisReply>& sentinels) const;

  Context& context_;
};

}  // namespace podwright::drivers::cache
