// Checks of a forge's address. For the files of reconciler/forge only.
//
// Pure.
#pragma once

#include <string_view>

#include "core/result.h"
#include "reconciler/forge/forge.h"

namespace podwright::forge {

// "owner/name"; of GitLab with groups in between. Nothing that would be another path of the API.
bool IsRepositoryName(ForgeType type, std::string_view name);
// https, or http to this host itself; no user, query or fragment.
Status CheckApiUrl(std::string_view url);

}  // namespace podwright::forge
