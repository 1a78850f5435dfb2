// What is known of a database's members, and which of them is the primary. Internal to the database planner.
// Pure. Threading: the reader's. Ownership: refers to facts that outlive it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/database.pb.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

struct DatabaseMember {
  const v1::kinds::DatabaseObserved* is = nullptr;  // never null
  bool seen = false;                                // its agent looked
  std::string address;                              // "" while it is not known: it is bound

  bool Running() const { return is->state() == "running"; }
  // A replica that has to be cloned anew.
  bool Stranded() const { return is->state() == "stranded"; }
  // An instance of this database with data, whether it runs or not.
  bool Has() const { return Running() || Stranded() || is->state() == "stopped" || is->state() == "kept"; }
  bool Replica() const { return Has() && is->role() == "replica"; }
};

struct DatabaseMembers {
  std::map<std::string, DatabaseMember> all;  // of the spec
  std::string primary;                        // that there is, or that is going to be made
  bool exists = false;                        // some member has data
  std::int64_t wish = 0;                      // the last change that was heard
};

// Errors, as the slice's: no member may be taken for the primary, or more than one.
Result<DatabaseMembers> ReadMembers(const ObjectInput& object, RecordingReader& reader);

}  // namespace podwright::planner
