// Strings in YAML, such that every reader gives them back. For the files of kinds/ only.
#pragma once

#include <string>
#include <string_view>

namespace podwright::kinds {

inline constexpr char kSensitive[] = "(sensitive)";

// Double-quoted; valid JSON, too.
std::string QuoteYaml(std::string_view text);
// Plain where no reader can take it for anything else, quoted otherwise.
std::string YamlScalar(std::string_view text);
// Whether the text reads well as a block (`|`), and comes back byte for byte.
bool FitsBlock(std::string_view text);

}  // namespace podwright::kinds
