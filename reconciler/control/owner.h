// Owners: "tofu:STACK", "git:SOURCE", "cli:SET". Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace podwright::control {

inline constexpr std::string_view kOwnerForms = "`tofu:STACK`, `git:SOURCE` or `cli:SET`";

bool IsOwner(std::string_view owner);
// The source of a "git:" owner, else "".
std::string SourceOf(std::string_view owner);

}  // namespace podwright::control
