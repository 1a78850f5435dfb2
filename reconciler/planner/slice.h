// One planned slice, before other slices are looked at. Internal to the planner.
//
// Immutable once made, so kept plans and previews share it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "podwright/v1/plan.pb.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

struct PlannedSlice {
  ObjectKey key;
  v1::Slice message;                                  // complete but for the dependencies on other objects' actions
  std::vector<std::vector<std::size_t>> after;        // by action: places in this slice
  std::vector<std::vector<ObjectKey>> after_objects;  // by action, without what `after` implies
  std::vector<std::size_t> last;                      // actions that nothing of this slice waits for
  std::vector<std::string> ends_servers;

  bool Counts() const { return message.actions_size() > 0 || !message.error().empty(); }
  bool Shown() const { return Counts() || message.notes_size() > 0; }
};

// Never fails: what goes wrong is the slice's error.
PlannedSlice PlanSlice(const KindPlanners& kinds, const Fact<ObjectInput>& object, const Facts& facts);

}  // namespace podwright::planner
