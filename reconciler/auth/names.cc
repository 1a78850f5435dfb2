#include "reconciler/auth/names.h"

#include <algorithm>
#include <string>

namespace podwright::auth {

Status CheckName(std::string_view name, std::string_view what) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool good =
      !name.empty() && name.size() <= 63 && lower(name[0]) &&
      std::all_of(name.begin(), name.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '-'; });
  if (good) return Ok();
  return InvalidArgument(
      std::string(what) +
      " must begin with a lower-case letter and have only lower-case letters, digits and -, at most 63");
}

}  // namespace podwright::auth
