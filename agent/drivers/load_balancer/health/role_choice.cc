#include "agent/drivers/load_balancer/health/role_choice.h"

#include <algorithm>

namespace podwright::drivers {
namespace {

using roles::Role;
using roles::RoleClaim;

// The claim of `server` as a member or as a witness.
const RoleClaim* ClaimOf(const FollowedObject& object, const ToldRoles& told, const std::string& server, bool witness) {
  const auto claims = told.find(server);
  if (claims == told.end()) return nullptr;
  for (const RoleClaim& claim : claims->second) {
    if (claim.kind == object.kind && claim.name == object.name && (claim.role == Role::kWitness) == witness) {
      return &claim;
    }
  }
  return nullptr;
}

// The member that `server` says it follows, when that one says that it is the primary: between the two of them there is
// nothing left to decide. Sentinels hear of a planned failover a second or two after them.
std::string AgreedSuccessor(const FollowedObject& object, const ToldRoles& told, const std::string& server) {
  const RoleClaim* own = ClaimOf(object, told, server, false);
  if (own == nullptr || own->role != Role::kReplica) return "";
  for (const auto& [other, service] : object.members) {
    if (service != own->primary || other == server) continue;
    const RoleClaim* claim = ClaimOf(object, told, other, false);
    return claim != nullptr && claim->role == Role::kPrimary ? other : "";
  }
  return "";
}

PrimaryChoice ByWitnesses(const FollowedObject& object, const ToldRoles& told, const PrimaryChoice& before) {
  std::map<std::string, PrimaryChoice> named;  // by address
  std::map<std::string, std::size_t> votes;
  for (const std::string& server : object.witnesses) {
    const RoleClaim* claim = ClaimOf(object, told, server, true);
    if (claim == nullptr || claim->primary.empty()) continue;
    ++votes[claim->primary];
    std::uint64_t& epoch = named[claim->primary].epoch;
    epoch = std::max(epoch, claim->epoch);
  }
  for (const auto& [address, count] : votes) {
    if (count * 2 <= object.witnesses.size()) continue;
    for (const auto& [server, service] : object.members) {
      if (service != address) continue;
      // Sentinels name a new primary before it takes writes.
      const RoleClaim* own = ClaimOf(object, told, server, false);
      if (own == nullptr || own->role != Role::kReplica) return {server, named[address].epoch};
      const std::string successor = AgreedSuccessor(object, told, server);
      return successor.empty() ? before : PrimaryChoice{successor, before.epoch};
    }
  }
  return before;
}

PrimaryChoice ByMembers(const FollowedObject& object, const ToldRoles& told, const PrimaryChoice& before) {
  std::vector<PrimaryChoice> highest;
  bool all_answer = true;
  for (const auto& [server, service] : object.members) {
    const RoleClaim* claim = ClaimOf(object, told, server, false);
    if (claim == nullptr || claim->role == Role::kUnknown) all_answer = false;
    if (claim == nullptr || claim->role != Role::kPrimary) continue;
    if (!highest.empty() && claim->epoch < highest.front().epoch) continue;
    if (!highest.empty() && claim->epoch > highest.front().epoch) highest.clear();
    highest.push_back({server, claim->epoch});
  }
  if (highest.size() != 1) return before;  // none, or two that are equally right
  const PrimaryChoice& found = highest.front();
  // A lower epoch is that of an old primary that came back, unless nobody is left who could know better: it is
  // the very member that was believed, or all members speak.
  const bool known_better = found.epoch < before.epoch && found.server != before.server && !all_answer;
  return known_better ? before : found;
}

}  // namespace

PrimaryChoice ChoosePrimary(const FollowedObject& object, const ToldRoles& told, const PrimaryChoice& before) {
  return object.witnesses.empty() ? ByMembers(object, told, before) : ByWitnesses(object, told, before);
}

}  // namespace podwright::drivers
