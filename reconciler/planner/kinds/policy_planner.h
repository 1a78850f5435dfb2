// The planner of `policy`: nothing is done for a policy itself. reconciler/control/policy holds plans and runs to it.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// The only name that a policy may have.
inline constexpr char kPolicyName[] = "default";

class PolicyPlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
