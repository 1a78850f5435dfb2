// The planner of `mesh`: each member against what its agent observed, and against the others.
//
// Order: the servers themselves; on each member the tools, its key, its access rules (so that nothing gets in before
// them), the interface; then the peers, whose public keys are late-bound: a first apply is one plan. Names last.
// A raised key_version stages a key on every member, tells the others, and then goes member by member: the others wait
// for the handshake of the new key (`follow`) while the member switches, and move its address at that moment.
//
// Disruption and downtime estimates (milliseconds):
//   switch of a key        RELOAD  300: packets that the member sends until the others have followed are sent again
//   change of the port     RELOAD  300: until the others hear from the new port
// Everything else is NONE.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

inline constexpr std::int64_t kMeshSwitchMs = 300;

class MeshPlanner final : public KindPlanner {
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
};

// What a server's own firewall must let in for the meshes that it is in: their interfaces, and WireGuard's UDP port of
// each. Sorted by interface.
std::map<std::string, std::int64_t> MeshPortsOf(const std::string& server, RecordingReader& reader);

}  // namespace podwright::planner
