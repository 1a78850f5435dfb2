// Rules of the kind policy that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckPolicyRules(const google::protobuf::Message& spec, Diagnostics* out);

}  // namespace podwright::kinds
