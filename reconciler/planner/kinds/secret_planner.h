// The planner of `secret`: nothing is done for a secret itself. The control plane makes or takes the
// value at Apply; the objects that use it deliver it.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

class SecretPlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
