// What of a load balancer can be known to be wrong before anything runs. Internal to the load balancer's planner.
// Pure; any thread.
#pragma once

#include "core/result.h"
#include "podwright/v1/kinds/load_balancer.pb.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// Failed-precondition, with the object that is in the way.
Status CheckLoadBalancer(const ObjectInput& object, RecordingReader& reader);

// The defaults of a check that was not declared, or not wholly.
void FillCheck(bool udp, v1::kinds::LoadBalancerCheck& check);

}  // namespace podwright::planner
