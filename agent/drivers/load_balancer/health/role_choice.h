// Which member of a database or a cache is its primary, from what the servers tell. The rules stand in
// docs/adr/0009: only declared members are believed, the highest epoch wins, of a cache with Sentinels their
// majority decides; who says nothing changes nothing.
// Pure. Threading: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/roles/role_claim.h"

namespace podwright::drivers {

// A database or cache, and who may be believed about it.
struct FollowedObject {
  std::string kind;
  std::string name;
  std::map<std::string, std::string> members;  // by server: HOST:PORT of the service there
  std::set<std::string> witnesses;             // servers of Sentinels; empty: the members speak for themselves
};

struct PrimaryChoice {
  std::string server;  // "" while nobody ever was
  std::uint64_t epoch = 0;
  bool operator==(const PrimaryChoice&) const = default;
};

// What the servers told last, by server; one that does not answer is not there.
using ToldRoles = std::map<std::string, std::vector<roles::RoleClaim>>;

// The primary from now on, `before` where nothing better is known.
PrimaryChoice ChoosePrimary(const FollowedObject& object, const ToldRoles& told, const PrimaryChoice& before);

}  // namespace podwright::drivers
