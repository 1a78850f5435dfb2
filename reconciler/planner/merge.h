// Slices to a plan: dependencies between objects, cycles, the order, the digest. Internal.
#pragma once

#include <memory>
#include <vector>

#include "podwright/v1/plan.pb.h"
#include "reconciler/planner/slice.h"

namespace podwright::planner {

// `slices` are sorted by key and hold all that they depend on. Taken slices are moved into the plan.
v1::Plan MergeTaking(std::vector<PlannedSlice> slices);
v1::Plan MergeCopying(const std::vector<const PlannedSlice*>& slices);

}  // namespace podwright::planner
