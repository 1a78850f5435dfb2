// What makes a mesh impossible, found before anything is done. Internal to the mesh planner.
#pragma once

#include "core/result.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/reader.h"

namespace podwright::planner {

// Failed-precondition in words for people: a server that is not there or cannot do it, a range that is too small or
// overlaps that of another mesh on the same server, a port or a domain taken twice, /etc/hosts declared as a file.
Status CheckMesh(const ObjectInput& object, const v1::kinds::MeshAllocation& allocation, RecordingReader& reader);

}  // namespace podwright::planner
