// Resource: what the author of a managed resource writes.
//
// Values are objects of the schema's implied type. One Resource serves all instances of its type:
// its methods are called from several threads at once. They may block, and should watch
// `cancellation` while they wait. What they throw becomes an error diagnostic; the state set so far is
// kept. Optional abilities are the With… interfaces below, found by dynamic_cast.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "provider/sdk/cancellation.h"
#include "provider/sdk/deferral.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/identity.h"
#include "provider/sdk/move.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct ClientCapabilities {
  bool deferral_allowed = false;
  bool write_only_attributes_allowed = false;
  bool store_planned_private = false;  // gives the first plan's private state to the plan at apply
};

struct CreateRequest {
  Value config{};               // what the user wrote; the only place of write-only values
  Value plan{};                 // what was promised: known values must come back unchanged
  std::string private_state{};  // as planned
  Value provider_meta{};        // what the module says of itself to the provider; null: nothing
  CancellationToken cancellation{};
};

struct CreateResponse {
  // The new object; unknown values of the plan resolved. Set it as soon as something exists, also before
  // an error: a failed create with a state is tainted, one without is lost.
  Value state{};
  std::string private_state{};  // starts as planned
  Diagnostics diagnostics{};
};

struct ReadRequest {
  Value state{};
  std::string private_state{};
  ClientCapabilities client{};
  Value provider_meta{};  // what the module says of itself to the provider; null: nothing
  CancellationToken cancellation{};
};

struct ReadResponse {
  Value state{};  // starts as the request's; null: the object is gone
  std::string private_state{};
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

struct UpdateRequest {
  Value config{};
  Value plan{};
  Value state{};  // before
  std::string private_state{};
  Value provider_meta{};  // what the module says of itself to the provider; null: nothing
  CancellationToken cancellation{};
};

struct UpdateResponse {
  Value state{};  // starts as the request's, so that a failed update keeps what was
  std::string private_state{};
  Diagnostics diagnostics{};
};

struct DeleteRequest {
  Value state{};
  std::string private_state{};
  Value provider_meta{};  // what the module says of itself to the provider; null: nothing
  CancellationToken cancellation{};
};

struct DeleteResponse {
  // Starts null. With an error diagnostic, the prior state is kept unless another is set here.
  Value state{};
  std::string private_state{};
  Diagnostics diagnostics{};
};

class Resource {
 public:
  virtual ~Resource() = default;
  virtual std::string TypeName() const = 0;  // with the provider's prefix: "toy_file"
  virtual Schema GetSchema() const = 0;      // called once
  virtual void Create(const CreateRequest& request, CreateResponse& response) = 0;
  virtual void Read(const ReadRequest& request, ReadResponse& response) = 0;
  virtual void Update(const UpdateRequest& request, UpdateResponse& response) = 0;
  virtual void Delete(const DeleteRequest& request, DeleteResponse& response) = 0;
};

struct ImportRequest {
  std::string id{};
  Value identity{};  // where the import is by identity; then `id` is empty. Only for a WithIdentity
  CancellationToken cancellation{};
};

struct ImportResponse {
  // What identifies the object; attributes not set are null. A read always follows.
  Value state{};
  std::string private_state{};
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

class WithImport {
 public:
  virtual ~WithImport() = default;
  virtual void Import(const ImportRequest& request, ImportResponse& response) = 0;
};

struct ModifyPlanRequest {
  Value config{};  // null when destroying
  Value state{};   // null when creating
  Value plan{};    // after the SDK's own planning; null when destroying
  std::string private_state{};
  // What the plan of the same change left, when core plans again at apply; empty before, and where the client
  // does not keep it.
  std::string planned_private{};
  Value provider_meta{};  // what the module says of itself to the provider; null: nothing
  ClientCapabilities client{};
  CancellationToken cancellation{};
};

struct ModifyPlanResponse {
  // Starts as the request's. Only values of computed attributes that are not configured may change;
  // a destroy plan stays null.
  Value plan{};
  std::string private_state{};
  // Paths whose change needs a new object; they count only where the value really changes.
  std::vector<AttributePath> requires_replace{};
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

class WithModifyPlan {
 public:
  virtual ~WithModifyPlan() = default;
  virtual void ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) = 0;
};

struct ValidateRequest {
  Value config{};  // may hold unknown values
  ClientCapabilities client{};
};

class WithValidate {
 public:
  virtual ~WithValidate() = default;
  virtual void Validate(const ValidateRequest& request, Diagnostics& diagnostics) = 0;
};

struct UpgradeRequest {
  std::int64_t version = 0;  // of the stored state, lower than the schema's
  Value state{};             // as its JSON says: objects, tuples, strings, numbers, bools, nulls
};

struct UpgradeResponse {
  // JSON-like as the request's (starts as it); the SDK converts it to the schema: missing attributes
  // become null, unknown ones are dropped.
  Value state{};
  Diagnostics diagnostics{};
};

class WithUpgrade {
 public:
  virtual ~WithUpgrade() = default;
  virtual void Upgrade(const UpgradeRequest& request, UpgradeResponse& response) = 0;
};

// For a whole resource what Attribute::semantic_equal is for one attribute. Both values are known and
// not null, and differ. Of nested attributes and blocks it is asked about each attribute in them.
class WithSemanticEquality {
 public:
  virtual ~WithSemanticEquality() = default;
  virtual bool SemanticallyEqual(const AttributePath& path, const Value& a, const Value& b) const = 0;
};

}  // namespace podwright::sdk
