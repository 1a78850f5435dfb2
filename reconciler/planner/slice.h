// One planned slice, before other slices are looked at. Internal to the planner.
//
// Immutable once made, so kept plans and previews share it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "podwright/v1/plan.pb.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

struct PlannedSlice {
  ObjectKey key;
  v1::Slice message;  // complete but for the dependencies on other objects' actions
  // By the actions' places in the slice:
  std::vector<std::pair<std::uint32_t, std::uint32_t>> inner;  // the second waits for the first
  std::vector<std::pair<std::uint32_t, ObjectKey>> outer;      // waits for the object; without what `inner` implies
  std::vector<std::uint32_t> first;                            // wait for nothing of this slice
  std::vector<std::uint32_t> last;                             // nothing of this slice waits for them
  std::vector<std::string> ends_servers;

  bool Counts() const { return message.actions_size() > 0 || !message.error().empty(); }
  bool Shown() const { return Counts() || message.notes_size() > 0; }
};

// Never fails: what goes wrong is the slice's error.
PlannedSlice PlanSlice(const KindPlanners& kinds, const Fact<ObjectInput>& object, const Facts& facts);

}  // namespace podwright::planner
