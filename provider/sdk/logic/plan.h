// Planning a change: Terraform's rules applied, so that authors write only what is their own.
// Pure but for the author's ModifyPlan; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

struct PlanInput {
  Value config{};
  Value prior{};     // null: create
  Value proposed{};  // null: destroy
  std::string private_state{};
  std::string planned_private{};
  Value provider_meta{};
  // The whole provider is put off: the author is not asked.
  std::optional<DeferredReason> provider_deferred{};
  ClientCapabilities client{};
  CancellationToken cancellation{};
};

struct PlanOutput {
  Value planned{};
  std::string private_state{};
  std::vector<AttributePath> requires_replace{};
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

// 1. Defaults where nothing is configured; the prior spelling where it means the same.
// 2. When anything changes (a create changes all): computed attributes that are not configured become
//    unknown, but for those that keep what the state knows.
// 3. The attributes' plan modifiers, then the author's ModifyPlan.
// 4. Which changes need a new object.
// 5. Where the checks are on: core's rules, and that planning once more gives the same.
PlanOutput Plan(const ResourceEntry& entry, const PlanInput& input);

}  // namespace podwright::sdk::logic
