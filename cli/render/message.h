// Messages of the control API as JSON for programs: snake_case names, enums as short words, times (fields
// named …_unix_ms) as RFC 3339 without that ending, bytes in hex. Pure.
#pragma once

#include "cli/output.h"

namespace google::protobuf {
class Message;
}
namespace podwright::kinds {
class Registry;
}
namespace podwright::v1 {
class ObjectView;
class Plan;
}  // namespace podwright::v1

namespace podwright::cli {

// Every field that is not a message is there, also with its zero value; encoded payloads are left out.
Json MessageJson(const google::protobuf::Message& message);

// An object: what it is, its phase, and spec, status and observations decoded by its kind. Sensitive values
// are hidden.
Json ObjectJson(const kinds::Registry& registry, const v1::ObjectView& view);

// The plan with its actions in order.
Json PlanJson(const v1::Plan& plan);

}  // namespace podwright::cli
