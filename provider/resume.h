// What a resource's private state says, from a plan to the apply that follows it. See kind_resource.h.
#pragma once

namespace podwright::provider::resume {

// The plan had a state before it.
inline constexpr char kPlannedFromState[] = "planned-from-state";
// The plan creates without a state before it. A destroy that belongs to it is of a tainted object: what exists, or
// comes to exist until then, is kept for the create.
inline constexpr char kTakeUp[] = "take-up";

}  // namespace podwright::provider::resume
