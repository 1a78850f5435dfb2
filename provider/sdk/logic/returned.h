// What an author's answer must not hold, whatever was asked. Pure but for the log; any thread.
#pragma once

#include <string_view>

#include "provider/sdk/diagnostics.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk::logic {

// An error that names the first unknown value, unless there is an error already. `doing` is what left it
// ("Reading").
void RefuseUnknown(const Value& value, const char* summary, std::string_view doing, Diagnostics& diagnostics);

// Values of write-only attributes, which nobody may keep: an error for each in checks (ChecksEnabled), else a
// line in the log. Either way the caller nulls them (Returnable). `what` is what returned them
// ("Planning toy_file").
void RefuseWriteOnly(const Schema& schema, const Value& value, const char* summary, std::string_view what,
                     Diagnostics& diagnostics);

}  // namespace podwright::sdk::logic
