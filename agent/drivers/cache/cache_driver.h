// The driver of the kind `cache`: Redis and Sentinel of the distribution, in units and folders of the cache's own.
//
// What it keeps (CacheKept, in the object's state) is what actions confirmed; drift is repaired against that. Settings
// and users change in the running Redis, which is never restarted; a stopped one is started, and passes the role check
// (gate.h). Who the primary is, and what Sentinel remembers, is theirs: nothing of it is drift.
#pragma once

#include <memory>

#include "agent/drivers/driver.h"

namespace podwright::drivers {

std::unique_ptr<Driver> MakeCacheDriver(Environment& environment);

}  // namespace podwright::drivers
