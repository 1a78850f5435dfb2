// Core's own rules about plans and results, checked here first, so that an author sees which attribute is
// wrong before a user does. Pure; any thread.
#pragma once

#include "provider/sdk/diagnostics.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk::logic {

// In debug builds, and always with PODWRIGHT_SDK_CHECKS=1 (never with =0).
bool ChecksEnabled();

// Configured values are planned as configured or as they were; what is neither configured nor computed
// stays null; configured nested attributes and blocks keep their elements; a destroy plan is null.
void CheckPlan(const Schema& schema, const Value& config, const Value& prior, const Value& proposed,
               const Value& planned, Diagnostics& diagnostics);

// What opening an ephemeral resource gave: the rules of a plan.
void CheckOpened(const Schema& schema, const Value& config, const Value& result, Diagnostics& diagnostics);

// Each path is one of the schema.
void CheckReplacements(const Schema& schema, const std::vector<AttributePath>& paths, Diagnostics& diagnostics);

// Core plans again while it applies, with all values known: what was known must come out the same.
enum class Again {
  kSame,      // the same was planned twice
  kAllKnown,  // planned again with values made up for the unknown ones of the configuration
};
void CheckPlannedAgain(const Schema& schema, const Value& planned, const Value& again, Again how,
                       Diagnostics& diagnostics);

// Every known planned value is in the result, unchanged; what was promised of unknown ones holds.
void CheckApplied(const Schema& schema, const Value& planned, const Value& state, Diagnostics& diagnostics);

}  // namespace podwright::sdk::logic
