// What a transaction means, once for all implementations: its limits, its comparisons, its branches.
// An implementation brings a Backend, the state that the transaction reads and changes.
//
// Threading: none of its own; the caller holds whatever protects its backend.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "reconciler/store/store.h"

namespace podwright::store {

class Backend {
 public:
  enum class Fields { kAll, kWithoutValue };
  virtual ~Backend() = default;
  virtual Result<std::optional<KeyValue>> Current(std::string_view key, Fields fields) = 0;
  virtual Result<std::vector<KeyValue>> CurrentRange(const KeyRange& range, Fields fields) = 0;
  virtual Result<bool> LeaseExists(LeaseId lease) = 0;
  // `kv` is complete; `prev_revision` is what it replaces, 0 when the key was absent.
  virtual Status Put(const KeyValue& kv, Revision prev_revision) = 0;
  virtual Status Delete(std::string_view key, Revision revision, Revision prev_revision) = 0;
};

// The limits of limits.h, and that no branch changes a key twice.
Status Validate(const Transaction& transaction);

// Runs a valid transaction on a store whose revision is `current`. The result's revision is
// current + 1 when something changed, else `current`. An error of its own (an unknown lease) comes before
// any change; after an error of the backend the caller must undo.
Result<TransactionResult> Evaluate(const Transaction& transaction, Revision current, Backend& backend);

// Deletes the keys of `range` in a backend, as one revision's change. Answers how many there were.
Result<std::int64_t> DeleteKeys(const KeyRange& range, Revision revision, Backend& backend);

// The refusals of a read at `revision` (0: the latest) and of a compaction to `revision`.
Status CheckReadable(Revision revision, Revision current, Revision compacted);
Status CheckCompactable(Revision revision, Revision current, Revision compacted);
Error CompactedError(Revision revision, Revision compacted);
Error LeaseError(LeaseId lease);
Status CheckTtl(std::chrono::milliseconds ttl);

}  // namespace podwright::store
