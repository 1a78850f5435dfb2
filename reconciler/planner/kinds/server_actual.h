// A server's Spec as it was found: what Terraform shows as drift. Pure; any thread.
#pragma once

#include "podwright/v1/kinds/server.pb.h"

namespace podwright::planner {

// `desired` as declared, `filled` the same with the defaults. What agrees keeps the declared spelling (unset stays
// unset); what differs gets the observed value; what is not there is left out. A content that the agent did not send is
// named by its digest. `firewall`: what the server's firewall has to let in, as FirewallOf says.
v1::kinds::ServerSpec ActualServer(const v1::kinds::ServerSpec& desired, const v1::kinds::ServerSpec& filled,
                                   const v1::kinds::ServerObserved& observed,
                                   const v1::kinds::FirewallAction& firewall);

}  // namespace podwright::planner
