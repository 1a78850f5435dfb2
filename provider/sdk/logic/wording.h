// What the SDK's diagnostics have in common: the summaries that core itself uses, and how they end.
#pragma once

namespace podwright::sdk::logic {

inline constexpr char kInvalidPlan[] = "Provider produced invalid plan";
inline constexpr char kInvalidObject[] = "Provider produced invalid object";
inline constexpr char kInvalidResult[] = "Provider returned invalid result object after apply";

inline constexpr char kBug[] = "\n\nThis is a bug of the provider; please report it.";
inline constexpr char kBugFoundByChecks[] =
    "\n\nThis is a bug of the provider, found by its SDK's checks; please report it.";

}  // namespace podwright::sdk::logic
