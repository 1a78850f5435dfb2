// A change of any size, whole or not at all, over a store that takes 100 operations and 1 MiB at once.
//
// A small change is one transaction. A large one is first written as immutable batches (chg/<id>/<n>), then
// one transaction writes chg/<id>: from there on the change is decided. Then the batches are copied
// to their places and removed. A crash before the decision leaves batches that RecoverStaged removes; a
// crash after it, a change that RecoverStaged finishes. Whoever reads the places of the store
// itself while batches are copied sees a part; the control plane shows the change when all is done.
//
// Errors: a failed commit may have taken effect. kFailedPrecondition with kNever: another control plane
// has raised the epoch.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "reconciler/store/store.h"

namespace podwright {
class Random;
}

namespace podwright::control {

// The epoch key as this control plane wrote it; every commit is refused when it is no longer so.
struct Fence {
  store::Revision epoch_revision = 0;
};

// `ops` change each key only once. Answers the revision of the last transaction. No ops: revision 0.
Result<store::Revision> CommitStaged(store::Store& store, Random& random, const Fence& fence,
                                     std::vector<store::Op> ops);

// Whether these go in several transactions.
bool NeedsStaging(const std::vector<store::Op>& ops);

// Finishes what was decided, removes what was not.
Status RecoverStaged(store::Store& store, const Fence& fence);

}  // namespace podwright::control
