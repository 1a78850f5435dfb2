// The driver of the kind `database`: what actions make of an instance, what is kept of it, and what is drift.
//
// What it keeps (DatabaseKept, in the object's state) is the configuration that actions confirmed and whom the member
// follows. Drift of files is brought back, a stopped instance is started past its role check; users, databases and
// roles are told and left to a plan. Nothing is promoted, cloned, restarted or wiped by itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/drivers/database/engine.h"
#include "agent/drivers/driver.h"

namespace podwright::drivers {

std::unique_ptr<Driver> MakeDatabaseDriver(Environment& environment);

// For tests: with engines of their own.
using DatabaseEngines = std::function<std::unique_ptr<database::Engine>(const std::string& name)>;
std::unique_ptr<Driver> MakeDatabaseDriverWith(Environment& environment, const DatabaseEngines& engines);

}  // namespace podwright::drivers
