// The one writer of the SQLite store: a thread that does everything pending in one SQLite transaction, so
// that concurrent small commits share one fsync. It also ends the leases.
//
// A failure of the storage fails every request of its batch and none of it takes effect, with one
// exception: after a failed fsync nobody knows what is on the disk, so the writer refuses everything from then
// on, and the store has to be opened again.
//
// Threading: all public methods from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "reconciler/store/lease_table.h"
#include "reconciler/store/sqlite_backend.h"
#include "reconciler/store/sqlite_db.h"
#include "reconciler/store/store.h"

namespace podwright::store {

class SqliteWriter {
 public:
  static Result<std::unique_ptr<SqliteWriter>> Start(SqliteHandle db, Clock& clock);
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  Result<TransactionResult> Commit(const Transaction& transaction);
  Result<LeaseId> Grant(std::chrono::milliseconds ttl);
  Result<std::chrono::milliseconds> KeepAlive(LeaseId lease);
  Status Revoke(LeaseId lease);
  Status Compact(Revision revision);
  Status Healthy();

  Revision revision();
  // Waits until the revision is at least `revision`, the deadline came or `*cancelled`, which Wake makes it
  // look at again, is true.
  void WaitForRevision(Revision revision, SteadyTime deadline, const bool* cancelled);
  // Sets a flag that a waiter looks at.
  void Wake(bool* flag);
  bool Read(const bool* flag);

 private:
  // One request, on the stack of its caller.
  struct Task {
    std::function<Status()> run;   // on the writer thread, inside the SQLite transaction
    std::function<void()> commit;  // after the commit, under mutex_; may be empty
    Status status;
    bool done = false;
    std::condition_variable finished;
  };

  SqliteWriter(SqliteHandle db, Clock& clock) : db_(std::move(db)), clock_(clock) {}
  Status Load();
  Status Submit(Task& task);
  void Loop();
  void WaitForWork(std::unique_lock<std::mutex>& lock);
  std::vector<Task*> TakeBatch();
  void RunBatch(const std::vector<Task*>& batch);
  Status RunTasks(const std::vector<Task*>& batch);
  void EndLeases(const std::vector<LeaseId>& due);
  void Finish(const std::vector<Task*>& batch, const Status& stored);
  Status RemoveLease(LeaseId lease);
  Status Probe(std::int64_t bytes);

  const SqliteHandle db_;
  Clock& clock_;
  std::unique_ptr<SqliteBackend> backend_;  // writer thread only, after Start
  // Of the running SQLite transaction; writer thread only, after Start.
  Revision pending_revision_ = 0;
  Revision pending_compacted_ = 0;

  std::mutex mutex_;
  std::condition_variable work_;     // for the writer thread
  std::condition_variable changed_;  // for watchers
  // All below: protected by mutex_.
  std::deque<Task*> queue_;
  LeaseTable leases_;
  Revision revision_ = 0;
  std::optional<Error> failure_;           // of the last write
  bool broken_ = false;                    // a sync failed
  std::optional<SteadyTime> lease_retry_;  // leases rest until then after a failure
  SteadyTime last_probe_{};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace podwright::store
