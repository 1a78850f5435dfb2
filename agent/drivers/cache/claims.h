// What this server says of the cache's roles, asked of the running programs. Threading: any thread, beside all else: it
// only reads.
#pragma once

#include <vector>

#include "agent/drivers/cache/context.h"
#include "agent/roles/role_claim.h"

namespace podwright::drivers::cache {

// One of Redis, one of Sentinel, where they were set up here.
std::vector<roles::RoleClaim> TellRoles(Context& context);

}  // namespace podwright::drivers::cache
