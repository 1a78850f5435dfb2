// Moves between types: `moved { from = other_type.a  to = this_type.a }`, since Terraform 1.8, OpenTofu 1.10.
// The rules of Resource hold, but the provider may not be configured yet: a move looks at the request only.
#pragma once

#include <cstdint>
#include <string>

#include "provider/sdk/cancellation.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct MoveRequest {
  std::string provider_address{};  // of the source: "registry.terraform.io/hashicorp/random"
  std::string type_name{};         // of the source
  std::int64_t schema_version = 0;
  Value state{};  // as its JSON says: objects, tuples, strings, numbers, bools, nulls
  std::string private_state{};
  Value identity{};  // as its JSON says; null where there is none
  std::int64_t identity_version = 0;
  CancellationToken cancellation{};
};

struct MoveResponse {
  // An object of the resource's own type, wholly known; attributes that are not set are null. Left null: the
  // source is none that this resource can take over, and the SDK says so. A read follows.
  Value state{};
  std::string private_state{};
  Diagnostics diagnostics{};
};

class WithMove {
 public:
  virtual ~WithMove() = default;
  virtual void Move(const MoveRequest& request, MoveResponse& response) = 0;
};

}  // namespace podwright::sdk
