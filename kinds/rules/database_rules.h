// Rules of the kind database that look at several fields.
#pragma once

#include "kinds/registry.h"

namespace podwright::kinds {

void CheckDatabaseRules(const google::protobuf::Message& message, Diagnostics* out);

}  // namespace podwright::kinds
