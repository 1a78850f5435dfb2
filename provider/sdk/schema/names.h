// Names of attributes, functions and parameters. Pure.
#pragma once

#include <string_view>

namespace podwright::sdk {

inline constexpr char kNameRule[] = "names are [a-z][a-z0-9_]*";

constexpr bool IsName(std::string_view name) {
  if (name.empty() || name.front() < 'a' || name.front() > 'z') return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

}  // namespace podwright::sdk
