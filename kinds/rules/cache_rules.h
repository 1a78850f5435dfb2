// Rules of the kind cache that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckCacheRules(const google::protobuf::Message& spec, Diagnostics* out);

}  // namespace podwright::kinds
