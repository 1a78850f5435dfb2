// Ports that things of different kinds would have on one server.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/result.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// Failed-precondition where a live database or cache of another kind than `object` has one of these TCP ports on
// `server`; `ports` says what of the object each is for: "the listener web of load_balancer/front".
Status CheckTakenPorts(const ObjectInput& object, const std::string& server,
                       const std::map<std::int64_t, std::string>& ports, RecordingReader& reader);

}  // namespace podwright::planner
