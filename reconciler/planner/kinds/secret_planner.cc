#include "reconciler/planner/kinds/secret_planner.h"

#include "podwright/v1/kinds/secret.pb.h"

namespace podwright::planner {

Result<SliceDraft> SecretPlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  SliceDraft draft;
  if (object.lifecycle == ObjectLifecycle::kLive && reader.SecretVersion(object.key.name) == 0) {
    draft.notes.push_back("the secret " + object.key.name + " has no value yet: `podwright secret set " +
                          object.key.name + "` brings one");
  }
  return draft;
}

std::unique_ptr<google::protobuf::Message> SecretPlanner::ComputeStatus(const ObjectInput& object,
                                                                        const StatusReader& reader) const {
  auto status = std::make_unique<v1::kinds::SecretStatus>();
  const auto* secret = reader.facts().FindSecret(object.key.name);
  const std::int64_t version = secret == nullptr ? 0 : secret->input.version;
  status->set_version(version);
  status->set_has_value(version > 0);
  if (secret != nullptr) {
    for (const std::string& part : secret->input.parts) status->add_parts(part);
  }
  return status;
}

std::vector<std::string> SecretPlanner::ServersOf(const ObjectInput&) const {
  return {};
}

}  // namespace podwright::planner
