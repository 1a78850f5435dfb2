// Rules of the kind server that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckServerRules(const google::protobuf::Message& spec, Diagnostics* out);

}  // namespace podwright::kinds
