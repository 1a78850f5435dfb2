// The role check that Redis passes before every start, by systemd and without a control plane: nobody becomes the
// primary by a restart.
//
// - The Sentinels' majority says who the primary is; without it Redis does not start.
// - Another one is the primary: Redis starts as its replica. Until it has that one's data it cannot be promoted
//   (replica-priority 0): what it has on disk may be older than what others had.
// - It is the primary itself: it starts as one, but not while a replica that was with it until it went down runs on,
//   because that may know more; the Sentinels will promote it. And not blank where others still have data.
// An `order` of an action (the first start) comes before all this, once.
//
// Threading: the caller's. Errors say why it cannot start yet; systemd tries again.
#pragma once

#include <chrono>
#include <string>

#include "agent/host/files.h"
#include "agent/host/redis.h"
#include "core/result.h"

namespace podwright::drivers::cache {

// Writes redis.conf for the start, or says within about `limit` why there can be none.
Status PassGate(host::Files& files, host::Redis& redis, const std::string& cache, std::chrono::milliseconds limit);

}  // namespace podwright::drivers::cache
