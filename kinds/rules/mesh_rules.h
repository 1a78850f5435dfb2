// Rules of the kind mesh that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckMeshRules(const google::protobuf::Message& spec, Diagnostics* out);

}  // namespace podwright::kinds
