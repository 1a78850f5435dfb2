// The store in memory: for tests and simulations. No thread of its own: leases end when the next call,
// or a waiting watcher, looks at the clock.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "reconciler/store/lease_table.h"
#include "reconciler/store/store.h"

namespace podwright::store {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Clock& clock) : clock_(clock) {}

  Result<TransactionResult> Commit(const Transaction& transaction) override;
  Result<RangeResult> Range(const RangeRequest& request) override;
  Result<std::unique_ptr<Watcher>> Watch(const KeyRange& range, Revision start_revision) override;
  Result<LeaseId> Grant(std::chrono::milliseconds ttl) override;
  Result<std::chrono::milliseconds> KeepAlive(LeaseId lease) override;
  Status Revoke(LeaseId lease) override;
  Status Compact(Revision revision) override;
  Status Healthy() override { return Ok(); }

 private:
  class MemoryBackend;
  class MemoryWatcher;

  // One change of one key.
  struct Change {
    KeyValue kv;
    Revision prev_revision = 0;
    bool deleted = false;
  };
  using History = std::map<Revision, Change>;

  void ExpireLocked();
  Status RevokeLocked(LeaseId lease);
  const KeyValue* CurrentLocked(const History& history, Revision revision) const;
  // Events from `from` on, whole revisions; answers the last revision looked at.
  Revision CollectLocked(const KeyRange& range, Revision from, std::vector<Event>& events) const;

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;  // a revision, a lease, or a cancelled watcher
  // All below: protected by mutex_.
  Revision revision_ = 0;
  Revision compacted_ = 0;
  LeaseId next_lease_ = 1;
  std::map<std::string, History, std::less<>> keys_;
  std::deque<std::pair<Revision, std::string>> log_;  // every change that is not compacted, in order
  LeaseTable leases_;
};

}  // namespace podwright::store
