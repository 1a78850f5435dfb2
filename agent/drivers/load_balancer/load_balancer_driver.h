// The driver of the kind `load_balancer`: an nginx for http and https, another for tcp and udp, each in a unit of its
// own.
//
// What it keeps (LoadBalancerKept, in the object's state) is what actions confirmed, and how the backends are; drift is
// repaired against that. Keys stand in 0600 files and, sealed, in the state: nowhere else.
#pragma once

#include <memory>

#include "agent/drivers/driver.h"

namespace podwright::drivers {

std::unique_ptr<Driver> MakeLoadBalancerDriver(Environment& environment);

}  // namespace podwright::drivers
