#include "reconciler/planner/kinds/policy_planner.h"

#include "podwright/v1/kinds/policy.pb.h"

namespace podwright::planner {

Result<SliceDraft> PolicyPlanner::PlanObject(const ObjectInput& object, RecordingReader&) const {
  if (object.lifecycle == ObjectLifecycle::kLive && object.key.name != kPolicyName) {
    return InvalidArgument("a workspace has one policy, and its name is `" + std::string(kPolicyName) + "`, not `" +
                           object.key.name + "`");
  }
  return SliceDraft();
}

std::unique_ptr<google::protobuf::Message> PolicyPlanner::ComputeStatus(const ObjectInput& object,
                                                                        const StatusReader&) const {
  const auto& spec = static_cast<const v1::kinds::PolicySpec&>(*object.spec);
  auto status = std::make_unique<v1::kinds::PolicyStatus>();
  status->set_needed(spec.has_approvals() && spec.approvals().has_needed() ? spec.approvals().needed() : 1);
  return status;
}

std::vector<std::string> PolicyPlanner::ServersOf(const ObjectInput&) const {
  return {};
}

}  // namespace podwright::planner
