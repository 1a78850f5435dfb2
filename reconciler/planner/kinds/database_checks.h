// What of a database cannot be, told at plan time. Internal to the database planner.
// Pure. Threading: the reader's.
#pragma once

#include "core/result.h"
#include "reconciler/planner/kinds/database_members.h"

namespace podwright::planner {

Status CheckDatabase(const ObjectInput& object, const DatabaseMembers& members, RecordingReader& reader);

}  // namespace podwright::planner
