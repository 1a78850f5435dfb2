// Where a diagnostic is for hosts: they find the source of blocks and of whole attributes, not of what lies inside an
// attribute, and show neither its line nor its name then.
//
// Threading: pure.
#pragma once

#include "provider/sdk/diagnostics.h"
#include "provider/sdk/schema/schema.h"

namespace podwright::sdk::logic {

// The same diagnostics; a path that goes on inside an attribute ends at it, and the text says the whole path.
Diagnostics Locatable(const Schema& schema, const Diagnostics& diagnostics);

}  // namespace podwright::sdk::logic
