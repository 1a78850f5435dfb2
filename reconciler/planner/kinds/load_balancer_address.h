// A balancer's side of the shared address: what its keepalived is to be told. Internal to the load balancer's planner.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "podwright/v1/kinds/load_balancer.pb.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// What makes the shared address on `server` what is declared, or takes it away; nothing where `is` says that it is so.
// The caller says what comes before it. Invalid-argument: an address that is none.
Result<std::optional<ActionDraft>> PlanSharedAddress(const ObjectInput& object, const std::string& server,
                                                     const v1::kinds::LoadBalancerObserved& is,
                                                     RecordingReader& reader);

}  // namespace podwright::planner
