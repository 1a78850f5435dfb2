// What was applied of a source, and what people decided about it: git/<ws>/<source> in the store.
//
// Threading: any thread. Errors: the store's; kDataLoss: the record cannot be read.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/keys.h"

namespace podwright::store {
class Store;
}

namespace podwright::sources {

inline constexpr int kHistoryKept = 50;

// Of another object of the same name, or none: an empty one with this uid.
Result<v1::SourceLedger> LoadLedger(store::Store& store, const control::ObjectId& source, const std::string& uid);
Status SaveLedger(store::Store& store, const control::ObjectId& source, const v1::SourceLedger& ledger);
Status RemoveLedger(store::Store& store, const control::ObjectId& source);

// The commit is the applied one from here on.
void Enter(v1::SourceLedger* ledger, const v1::AppliedCommit& applied, std::int64_t generation);

}  // namespace podwright::sources
