// The planner of `git_source`: nothing is done for a source itself. reconciler/sources fetches it and applies what
// it finds.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

class GitSourcePlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
