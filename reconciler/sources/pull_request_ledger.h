// What is remembered of each pull request of a source: preview/<ws>/<source>/<number> in the store.
//
// Threading: any thread. Errors: the store's; kDataLoss: a record cannot be read.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/result.h"
#include "podwright/v1/plan.pb.h"
#include "podwright/v1/preview.pb.h"
#include "reconciler/control/keys.h"

namespace podwright::store {
class Store;
}

namespace podwright::sources {

// By number; those of another object of the same name (by `uid`) are left out.
Result<std::map<std::uint64_t, v1::PullRequestLedger>> LoadPullRequests(store::Store& store,
                                                                        const control::ObjectId& source,
                                                                        const std::string& uid);
// What is too large for one record loses its details first: see ShownPlan.
Status SavePullRequest(store::Store& store, const control::ObjectId& source, const v1::PullRequestLedger& ledger);
Status RemovePullRequest(store::Store& store, const control::ObjectId& source, std::uint64_t number);
Status RemovePullRequests(store::Store& store, const control::ObjectId& source);

// The plan as it is remembered: whose effects, and what people would call them.
v1::ShownPlan MakeShownPlan(const v1::Plan& plan);
// What a slice does, without the facts that it stands on and without what other slices do.
std::string EffectOf(const v1::Slice& slice);

}  // namespace podwright::sources
