// The planner of `cache`: each member and Sentinel against what its agent observed.
//
// Order: packages; the first primary's Redis, then the others'; users; the Sentinels; a failover that is wished for.
// Roles are found: a plan never moves one, but when the wish for the primary changed (CacheAllocation counts its
// changes, members keep which they carried out) or when the primary is to leave. Sentinels forget who left, one after
// the other: meanwhile the rest can still decide.
//
// Disruption and downtime estimates (milliseconds):
//   planned failover       FAILOVER   500: writes wait until the new primary has all of the old one's, and took over
//   data that goes         DATA_LOSS  0
// Everything else is NONE: settings and users change in the running Redis.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

inline constexpr std::int64_t kCacheFailoverMs = 500;

class CachePlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ActualSpec(const ObjectInput& object,
                                                        const StatusReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> Allocate(const ObjectInput& object,
                                                      const google::protobuf::Message* before) const override;
  std::unique_ptr<google::protobuf::Message> NewAllocation() const override;
  std::vector<ServicePort> PortsOn(const ObjectInput& object, const std::string& server,
                                   RecordingReader& reader) const override;
  std::vector<InternalSecret> InternalSecrets(const ObjectInput& object) const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
