// The planner of the tests' kind `widget`: its payload is put on every server of `servers`, after those
// servers and the widgets that it `needs`; where it was observed and is no longer wanted it is removed.
// Of a widget that it `copies` it is handed the payload when it is put. A `numbered` one has a number a server, which
// stands in the summary of its action. What a change costs, how many servers change at a time and whether the actions
// fail stands in its spec.
#pragma once

#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// The downtime of one disruptive action, in milliseconds.
inline constexpr std::int64_t kWidgetDowntimeMs = 1000;

// Payloads of widget.put and widget.remove are WidgetSpec messages: payload, and whether to fail.
class WidgetPlanner final : public KindPlanner {
 public:
  Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                           const StatusReader& reader) const override;
  std::unique_ptr<google::protobuf::Message> Allocate(const ObjectInput& object,
                                                      const google::protobuf::Message* before) const override;
  std::unique_ptr<google::protobuf::Message> NewAllocation() const override;
  std::vector<InternalSecret> InternalSecrets(const ObjectInput& object) const override;
  std::vector<std::string> ServersOf(const ObjectInput& object) const override;
};

}  // namespace podwright::planner
