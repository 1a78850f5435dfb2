// What `podman ps --format json` answers, as machines. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "core/result.h"
#include "reconciler/clouds/cloud.h"

namespace podwright::clouds::lab {

// Containers without our labels are left out. Ordered by tag.
Result<std::vector<Machine>> ParseMachines(std::string_view answer);

}  // namespace podwright::clouds::lab
