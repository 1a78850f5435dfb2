#include "reconciler/planner/kinds/git_source_planner.h"

#include "podwright/v1/kinds/git_source.pb.h"

namespace podwright::planner {

Result<SliceDraft> GitSourcePlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  SliceDraft draft;
  if (object.lifecycle != ObjectLifecycle::kLive) return draft;
  const auto& spec = static_cast<const v1::kinds::GitSourceSpec&>(*object.spec);
  const auto wants = [&](const std::string& secret) {
    if (reader.SecretVersion(secret) != 0) return;
    draft.notes.push_back("the secret " + secret + " has no value yet: `podwright secret set " + secret +
                          "` brings one");
  };
  if (spec.has_credentials()) wants(spec.credentials().secret());
  if (spec.has_webhook()) wants(spec.webhook().secret());
  if (spec.has_pull_requests()) wants(spec.pull_requests().secret());
  return draft;
}

std::unique_ptr<google::protobuf::Message> GitSourcePlanner::ComputeStatus(const ObjectInput& object,
                                                                           const StatusReader&) const {
  auto status = std::make_unique<v1::kinds::GitSourceStatus>();
  status->set_owner("git:" + object.key.name);
  return status;
}

std::vector<std::string> GitSourcePlanner::ServersOf(const ObjectInput&) const {
  return {};
}

}  // namespace podwright::planner
