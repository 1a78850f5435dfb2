// A planned failover, done on the server of the member that becomes the primary. Nothing acknowledged is lost: the old
// primary takes no writes any more before this one is promoted, and this one has all that it had.
//
// The Sentinels do the promotion, so that their epochs rise and they agree on who it is. Where the old primary does not
// answer, whoever asked for the failover has decided that this member's data is to be the cache's.
//
// Threading: the driver's. Errors leave the old primary as it was.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/drivers/cache/context.h"

namespace podwright::drivers::cache {

// Answers how long no writes were taken; nothing where this member is the primary already.
Result<std::optional<std::chrono::milliseconds>> BecomePrimary(Context& context, std::vector<std::string>* log);

}  // namespace podwright::drivers::cache
