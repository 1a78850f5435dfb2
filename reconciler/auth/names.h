// The names that tokens carry. One rule, as for objects: ^[a-z][a-z0-9-]{0,62}$.
#pragma once

#include <string_view>

#include "core/result.h"

namespace podwright::auth {

Status CheckName(std::string_view name, std::string_view what);

}  // namespace podwright::auth
