#include <array>
#include <cstdio>

#include "agent/host/files.h"
#include "agent/host/units.h"

namespace podwright::host {

std::string ParentFolder(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::optional<std::uint32_t> ParseMode(std::string_view text) {
  if (text.size() != 4) return std::nullopt;
  std::uint32_t mode = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
  }
  return mode;
}

std::string FormatMode(std::uint32_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
  return text.data();
}

bool UnitState::Enabled() const {
  for (const char* state : {"enabled", "enabled-runtime", "static", "alias", "indirect", "generated"}) {
    if (unit_file_state == state) return true;
  }
  return false;
}

}  // namespace podwright::host
