// `podwright explain KIND.field.sub`: what a kind or a field is, for a terminal. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::kinds {

class Registry;

// `query` is a kind as people type it, then fields, joined by dots; `status.…` and `observed.…` after the kind
// lead to those. NotFound names the nearest.
Result<std::string> Explain(const Registry& registry, std::string_view query);

}  // namespace podwright::kinds
