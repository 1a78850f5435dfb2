#include "reconciler/store/lease_table.h"

#include "reconciler/store/transaction.h"

namespace podwright::store {

void LeaseTable::Add(LeaseId lease, std::chrono::milliseconds ttl, SteadyTime now) {
  leases_[lease] = Lease{ttl, now + ttl};
}

void LeaseTable::Remove(LeaseId lease) {
  leases_.erase(lease);
}

Result<std::chrono::milliseconds> LeaseTable::KeepAlive(LeaseId lease, SteadyTime now) {
  if (!Alive(lease, now)) return LeaseError(lease);
  Lease& found = leases_.at(lease);
  found.ends = now + found.ttl;
  return found.ttl;
}

bool LeaseTable::Alive(LeaseId lease, SteadyTime now) const {
  const auto found = leases_.find(lease);
  return found != leases_.end() && now < found->second.ends;
}

std::vector<LeaseId> LeaseTable::Due(SteadyTime now) const {
  std::vector<LeaseId> due;
  for (const auto& [id, lease] : leases_) {
    if (now >= lease.ends) due.push_back(id);
  }
  return due;
}

std::optional<SteadyTime> LeaseTable::NextDue() const {
  std::optional<SteadyTime> next;
  for (const auto& [id, lease] : leases_) {
    if (!next || lease.ends < *next) next = lease.ends;
  }
  return next;
}

}  // namespace podwright::store
