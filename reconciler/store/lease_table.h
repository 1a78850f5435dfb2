// When each lease ends. In memory only: a store that opens again grants the whole ttl anew, as etcd does
// for a new leader, so that an outage of the store ends no lease of a process that lived on.
//
// Threading: none of its own; the owner's lock protects it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "reconciler/store/store.h"

namespace podwright::store {

class LeaseTable {
 public:
  void Add(LeaseId lease, std::chrono::milliseconds ttl, SteadyTime now);
  void Remove(LeaseId lease);
  // Starts the ttl anew. kNotFound when the lease has ended, even if nobody removed it yet.
  Result<std::chrono::milliseconds> KeepAlive(LeaseId lease, SteadyTime now);
  bool Alive(LeaseId lease, SteadyTime now) const;
  std::vector<LeaseId> Due(SteadyTime now) const;
  // When the next lease ends.
  std::optional<SteadyTime> NextDue() const;

 private:
  struct Lease {
    std::chrono::milliseconds ttl;
    SteadyTime ends;
  };
  std::map<LeaseId, Lease> leases_;
};

}  // namespace podwright::store
