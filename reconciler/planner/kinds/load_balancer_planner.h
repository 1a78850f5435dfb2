// The planner of `load_balancer`: each server's two nginx against what its agent observed.
//
// Order: the servers themselves, and the mesh where one is named; on each balancer the packages, then http, then the
// streams, then the shared address. Balancers change one after the other, and the first failure stops the rest.
// Addresses of backends that are not known yet are late-bound: a first apply is one plan. Secrets of certificates enter
// as name and version, so that a new version is a new configuration.
//
// Disruption and downtime estimates (milliseconds):
//   a change of http or of the streams      RELOAD 0: connections of before go on with their workers
//   the end of http or of the streams       RESTART kBalancerStopMs: what is open is cut
// Everything else is NONE.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

inline constexpr std::int64_t kBalancerStopMs = 1000;

class LoadBalancerPlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ActualSpec(const ObjectInput& object,
                                                        const StatusReader& reader) const override;
  std::vector<ServicePort> PortsOn(const ObjectInput& object, const std::string& server,
                                   RecordingReader& reader) const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
