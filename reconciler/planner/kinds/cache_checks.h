// What a cache's planner refuses before it plans anything. Internal to the cache planner. Pure.
#pragma once

#include "core/result.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// The servers can do it, the mesh has them all, and no port is taken by another cache.
Status CheckCache(const ObjectInput& object, RecordingReader& reader);

// The members and the Sentinel servers, sorted, each once.
std::vector<std::string> CacheServers(const ObjectInput& object);

}  // namespace podwright::planner
