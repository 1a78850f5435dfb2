// Resource identity: what tells one object of a type from all others, apart from its state. Clients of
// Terraform 1.12 and OpenTofu 1.12 or newer keep it beside the state and import by it; older ones never ask.
//
// The author says what the identity is made of and how it follows from a state. The SDK does the rest: it
// plans it, returns it from every apply, read, import and move, and refuses an identity that changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/value/type.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct IdentityAttribute {
  std::string name{};
  Type type = Type::String();  // a primitive, or a list of primitives
  // One of the two:
  bool required_for_import = false;
  bool optional_for_import = false;  // the provider can find it by itself
  std::string description{};
};

struct IdentitySchema {
  std::int64_t version = 0;  // raise it together with WithIdentityUpgrade
  std::vector<IdentityAttribute> attributes{};

  Type ImpliedType() const;
  // What core would refuse: all faults in one error.
  Status Check() const;
};

class WithIdentity {
 public:
  virtual ~WithIdentity() = default;
  virtual IdentitySchema GetIdentitySchema() const = 0;  // called once
  // The identity of the object with this state. Of a plan, too: parts that are unknown there stay unknown, and
  // the SDK puts in what is known of them. Must be quick and always give the same for the same state.
  virtual Value IdentityOf(const Value& state) const = 0;
  // Whether an object may get another identity while it lives. Elsewhere a change is an error.
  virtual bool IdentityMayChange() const { return false; }
};

struct UpgradeIdentityRequest {
  std::int64_t version = 0;  // of the stored identity, lower than the schema's
  Value identity{};          // as its JSON says
};

struct UpgradeIdentityResponse {
  Value identity{};  // starts as the request's; missing attributes become null, further ones are dropped
  Diagnostics diagnostics{};
};

class WithIdentityUpgrade {
 public:
  virtual ~WithIdentityUpgrade() = default;
  virtual void UpgradeIdentity(const UpgradeIdentityRequest& request, UpgradeIdentityResponse& response) = 0;
};

}  // namespace podwright::sdk
