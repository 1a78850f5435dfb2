// The planner of `database`: which member is the primary, what each member lacks, and the order in which it may change.
//
// The primary is found among what the agents observed, never assumed: the member that takes writes, on the highest
// timeline. Where nothing is there yet it is the member that the allocation noted when the database was first declared.
// The wish counts when it *changed* (the allocation counts changes, a promotion notes which it fulfilled): so a role
// found elsewhere stays there.
//
// Order: software; the primary is made; its configuration, then the others'; slots; clones; restarts that the server
// asks for, replicas first; the switchover (fence, promote with the position that the former primary stopped at,
// follow, rejoin); users and databases on whoever is the primary then; members that leave.
//
// Disruption and downtime estimates (milliseconds), of writes:
//   reload                   RELOAD    0
//   restart of a replica     RESTART   0, of the primary 3000
//   switchover               FAILOVER  2000: from the fence to the promotion
//   rejoin of a member that is not a clean successor's  REPLACE  0
//   dropping a database, purging data  DATA_LOSS
// Everything else is NONE.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

inline constexpr std::int64_t kDatabaseRestartMs = 3000;
inline constexpr std::int64_t kDatabaseSwitchoverMs = 2000;

class DatabasePlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ActualSpec(const ObjectInput& object,
                                                        const StatusReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> Allocate(const ObjectInput& object,
                                                      const google::protobuf::Message* before) const override;
  std::unique_ptr<google::protobuf::Message> NewAllocation() const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
  std::vector<ServicePort> PortsOn(const ObjectInput& object, const std::string& server,
                                   RecordingReader& reader) const override;
  std::vector<InternalSecret> InternalSecrets(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
