// Redis of a cache on this server: what is found, what differs, and how it is set. Internal to the cache's driver.
//
// One per call of the driver, on one thread; refers to the context.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/drivers/cache/context.h"

namespace podwright::drivers::cache {

struct FoundMember {
  bool files = false;   // settings, password, gate and unit are as they were written
  bool users = false;   // the file of the users is
  bool active = false;  // the unit runs
  bool coming = false;  // … or waits to be let through the role check
  bool answers = false;
  bool settings = false;  // the running Redis has them
  bool listing = false;   // … and the users
  Info info;
  std::int64_t priority = 100;
};

class Member {
 public:
  explicit Member(Context& context) : context_(context) {}

  Result<FoundMember> Look();
  void Observe(const FoundMember& found, v1::kinds::CacheObservedMember& out) const;
  std::vector<Drift> Compare(const FoundMember& found);

  // The action's settings are kept already. `first_primary`: an address, for a Redis that never ran.
  Status Set(const std::string& first_primary, std::vector<std::string>* log);
  // The users are kept already.
  Status SetUsers();
  Status Leave(bool purge);

 private:
  Status WriteFiles();
  Status WriteUsersFile();
  Status ApplySettings();
  Status ApplyUsers();
  Result<std::string> Listing();
  Result<std::map<std::string, std::string>> WantedFiles();
  Result<std::map<std::string, std::vector<std::string>>> Users();
  bool HasUsers() const { return context_.kept().has_users(); }

  Context& context_;
};

}  // namespace podwright::drivers::cache
