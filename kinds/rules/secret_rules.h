// Rules of the kind secret that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckSecretRules(const google::protobuf::Message& spec, Diagnostics* out);

}  // namespace podwright::kinds
