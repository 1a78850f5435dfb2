#include "reconciler/control/owner.h"

#include <algorithm>

namespace podwright::control {
namespace {

constexpr std::size_t kMaxOwnerBytes = 200;
constexpr std::string_view kGit = "git:";

}  // namespace

bool IsOwner(std::string_view owner) {
  const std::size_t colon = owner.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == owner.size() || owner.size() > kMaxOwnerBytes)
    return false;
  return std::none_of(owner.begin(), owner.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

std::string SourceOf(std::string_view owner) {
  return owner.starts_with(kGit) ? std::string(owner.substr(kGit.size())) : std::string();
}

}  // namespace podwright::control
