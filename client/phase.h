// The word for an object's phase: the CLI, the provider and their users all say the same. Pure.
#pragma once

#include <string_view>

#include "podwright/v1/object.pb.h"

namespace podwright::client {

std::string_view PhaseWord(v1::Phase phase);  // "ready"

}  // namespace podwright::client
