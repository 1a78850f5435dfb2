// The planner of `server`: the spec against what was observed, item by item.
//
// Order within a server: machine; packages one after another; users; files and secrets; kernel
// parameters and firewall after the packages; units after all files; restarts and reloads after the
// files that ask for them. What Podwright brought and is no longer declared goes: units are stopped
// before files go, users and packages last.
//
// Disruption and downtime estimates (milliseconds):
//   restart of a unit             RESTART    2,000 each; one restart however many files ask for it
//   reload of a unit              RELOAD     0; none where the unit is restarted or started anyway
//   stop of a running unit        RESTART    0: it is declared to be stopped
//   another version of a package  RESTART    5,000: Debian's scripts restart what they belong to
//   firewall                      RELOAD     0; reverted on the server unless confirmed in 30 s
//   another machine               REPLACE    120,000 for the machine, counted once
//   deletion of a cloud's machine DATA_LOSS  0: nothing is meant to run afterwards
// Everything else is NONE.
//
// Machine actions carry no tag: it is the control plane's own, in the machine record.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

inline constexpr std::int64_t kRestartDowntimeMs = 2000;
inline constexpr std::int64_t kUpgradeDowntimeMs = 5000;
inline constexpr std::int64_t kReplaceDowntimeMs = 120'000;
inline constexpr std::int64_t kFirewallConfirmMs = 30'000;

class ServerPlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ActualSpec(const ObjectInput& object,
                                                        const StatusReader& reader) const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
