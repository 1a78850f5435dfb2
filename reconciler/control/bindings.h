// The values of an action's bindings: what drivers observed, at the moment when the action is dispatched.
//
// Threading: pure; under the control plane's lock where it reads its facts.
#pragma once

#include <string>

#include "core/result.h"

namespace google::protobuf {
class Message;
}
namespace podwright::v1 {
class FactBinding;
}
namespace podwright::planner {
class Facts;
}

namespace podwright::control {

// The scalar at `path` (see FactBinding) as text: numbers in decimal, `true` or `false`, an enum by its number.
// Not-found where there is no value; invalid-argument for a path that the message cannot have, or to a volatile field.
Result<std::string> ValueAt(const google::protobuf::Message& observed, const std::string& path);

// The value of one binding. Failed-precondition, in words for people, where it is not known.
Result<std::string> ResolveBinding(const planner::Facts& facts, const v1::FactBinding& binding);

}  // namespace podwright::control
