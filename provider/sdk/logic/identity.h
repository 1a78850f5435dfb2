// Identities of objects, computed by the author's IdentityOf and checked. Null where the resource has no
// identity, or where there is none to tell. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

struct PlannedIdentityInput {
  Value prior_identity{};  // null: a create, or a state from before identities
  Value prior{};
  Value planned{};  // null: destroy
  bool replaces = false;
};
Value PlannedIdentity(const ResourceEntry& entry, const PlannedIdentityInput& input, Diagnostics& diagnostics);

// `planned_identity` null (an older client): the one of the planned state. `state` null: the object is gone.
Value AppliedIdentity(const ResourceEntry& entry, const Value& planned_identity, const Value& planned,
                      const Value& state, Diagnostics& diagnostics);
Value ReadIdentity(const ResourceEntry& entry, const Value& current_identity, const Value& state,
                   Diagnostics& diagnostics);

// What an import asks for must be complete.
void CheckImportIdentity(const ResourceEntry& entry, const Value& requested, Diagnostics& diagnostics);
// `requested` null: the import was by id, and an identity that is not complete is left to the read.
Value ImportedIdentity(const ResourceEntry& entry, const Value& requested, const Value& state,
                       Diagnostics& diagnostics);

struct UpgradeIdentityOutput {
  Value identity{};
  Diagnostics diagnostics{};
};
UpgradeIdentityOutput UpgradeIdentity(const ResourceEntry& entry, std::int64_t version, std::string_view raw_json);

}  // namespace podwright::sdk::logic
