#include "agent/drivers/database/drift.h"

#include <algorithm>

namespace podwright::drivers::database {
namespace {

using v1::kinds::DatabaseObserved;
using v1::kinds::DatabaseSpec;

void AddUsers(const DatabaseSpec& confirmed, const DatabaseObserved& observed, std::vector<std::string>* drift) {
  for (const auto& [name, user] : confirmed.users()) {
    const auto found = observed.users().find(name);
    if (found == observed.users().end()) {
      drift->push_back("the user " + name + " is gone");
      continue;
    }
    if (user.has_password() && found->second.logins().empty()) {
      drift->push_back("the user " + name + " has no login");
    }
    for (const auto& [database, right] : user.grants()) {
      const auto is = found->second.grants().find(database);
      if (is != found->second.grants().end() && is->second == right) continue;
      drift->push_back("what the user " + name + " may do in " + database + " was changed");
    }
  }
}

}  // namespace

std::vector<std::string> DriftOf(const v1::ObjectState& state, const v1::kinds::DatabaseKept& kept,
                                 const DatabaseObserved& observed) {
  std::vector<std::string> drift;
  if (!state.confirmed() || !kept.has_configuration()) return drift;
  if (!observed.has_state()) return {"the instance " + kept.configuration().instance() + " is gone"};
  if (observed.state() == "stopped" && !observed.fenced()) drift.push_back("the instance is stopped");
  if (observed.state() == "stranded") drift.push_back("this replica cannot follow its primary any more");
  if (!observed.has_configuration()) drift.push_back("the configuration is not as it was written");
  DatabaseSpec confirmed;
  const bool known = confirmed.ParseFromString(state.confirmed_spec());
  if (known && observed.state() == "running" && observed.role() == "primary") {
    AddUsers(confirmed, observed, &drift);
    for (const auto& [name, database] : confirmed.databases()) {
      if (!database.absent() && !observed.databases().contains(name)) {
        drift.push_back("the database " + name + " is gone");
      }
    }
  }
  std::sort(drift.begin(), drift.end());
  return drift;
}

}  // namespace podwright::drivers::database
