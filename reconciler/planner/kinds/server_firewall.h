// What a server's own firewall has to let in: what is declared, the meshes that the server is in, and the services that
// other objects have on it (KindPlanner::PortsOn). Pure; any thread.
#pragma once

#include <string>

#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/reader.h"

namespace podwright::planner {

// Empty where the spec declares no firewall; without a limit for the confirmation.
v1::kinds::FirewallAction FirewallOf(const std::string& server, const v1::kinds::ServerSpec& spec,
                                     RecordingReader& reader);

}  // namespace podwright::planner
