// Refuses declarations of kinds that cannot work: what would collide in HCL, what has no doc, what
// contradicts itself. Runs at registration, so a bad kind never starts.
#pragma once

#include <vector>

#include "kinds/diagnostic.h"

namespace podwright::kinds {

class Kind;

// All findings; the paths begin with the kind and spec, observed or status.
Diagnostics LintKind(const Kind& kind);
// The findings of kinds taken together: names used twice, references to kinds that do not exist.
Diagnostics LintKinds(const std::vector<const Kind*>& kinds);

}  // namespace podwright::kinds
