// Secrets in plans: from what a spec names to what an action is handed. Plans hold names and versions,
// never values; the executor seals the values to the agent when it dispatches the action, and the
// driver opens them with agent/drivers/secrets/sealed.h.
//
// Pure. Threading: the reader's.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/plan.pb.h"
#include "podwright/v1/secret_reference.pb.h"
#include "reconciler/planner/kind_planner.h"
#include "reconciler/planner/reader.h"

namespace podwright::planner {

// The version and part that the reference means now; a newer version replans whoever read it. kFailedPrecondition, to
// be handed on as the slice's error: there is no value yet (objects that refer to such a secret wait for it by
// themselves), no such version, or no such part; `what` says for what it is wanted: "the user app on db-1".
Result<v1::SecretUse> ReadSecret(RecordingReader& reader, const v1::SecretReference& reference,
                                 const std::string& what);

// The same of a secret that the kind needs for itself: `name` and `key` as KindPlanner::InternalSecrets has them.
Result<v1::SecretUse> ReadInternalSecret(RecordingReader& reader, const ObjectKey& object, const std::string& name,
                                         const std::string& key = "");

// The action gets the value, and waits for what this plan does to the secret. Twice the same is once.
void AddSecret(const v1::SecretUse& use, ActionDraft& action);

// For people: "the secret orders (version 3)", "the part ca of the secret tls (version 1)".
std::string SecretText(const v1::SecretUse& use);

}  // namespace podwright::planner
