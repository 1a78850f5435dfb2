// Random texts that match a pattern, for tests: literals, classes, groups, alternatives, quantifiers, anchors.
#pragma once

#include <string>
#include <string_view>

#include "core/random.h"

namespace podwright::kinds {

std::string PatternText(std::string_view pattern, SeededRandom* random);

}  // namespace podwright::kinds
