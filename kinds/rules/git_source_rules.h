// Rules of the kind git_source that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckGitSourceRules(const google::protobuf::Message& spec, Diagnostics* out);

}  // namespace podwright::kinds
