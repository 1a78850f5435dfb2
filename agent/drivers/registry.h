// The drivers of all kinds that kinds/kinds.list marks with `driver`. Explicit: static archives drop
// what nobody names.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/drivers/driver.h"

namespace podwright::drivers {

// By kind. `environment` outlives the drivers.
using Registry = std::map<std::string, std::unique_ptr<Driver>>;
Registry MakeDrivers(Environment& environment);

}  // namespace podwright::drivers
