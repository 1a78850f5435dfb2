// The names that a mesh has for what uses it: databases and caches.
//
// Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// By the name of a live database or cache that names the mesh: those of its members that are in the mesh, sorted.
// Failed-precondition: two things that go by the same name could not be told apart.
Result<std::map<std::string, std::vector<std::string>>> MeshServices(const ObjectInput& mesh, RecordingReader& reader);

}  // namespace podwright::planner
