// The kinds that tests see: kinds/kinds.list and tests/kinds/kinds.list together.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

// Made at the first call; any thread.
const Registry& TestingKinds();

}  // namespace podwright::kinds
