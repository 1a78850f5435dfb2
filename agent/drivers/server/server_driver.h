// The driver of the kind `server`: puts its families of items together.
#pragma once

#include <memory>

#include "agent/drivers/driver.h"

namespace podwright::drivers {

// `environment` outlives the driver.
std::unique_ptr<Driver> MakeServerDriver(Environment& environment);

}  // namespace podwright::drivers
