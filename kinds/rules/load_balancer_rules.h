// Rules of the kind load_balancer that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckLoadBalancerRules(const google::protobuf::Message& spec, Diagnostics* out);

}  // namespace podwright::kinds
