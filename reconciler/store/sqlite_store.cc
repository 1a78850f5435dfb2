#include "reconciler/store/sqlite_store.h"

#include <utility>

#include "reconciler/store/folder_lock.h"
#include "reconciler/store/sqlite_reader.h"
#include "reconciler/store/sqlite_schema.h"
#include "reconciler/store/sqlite_writer.h"
#include "reconciler/store/transaction.h"

namespace podwright::store {

class SqliteStore::SqliteWatcher final : public Watcher {
 public:
  SqliteWatcher(SqliteStore& store, KeyRange range, Revision next)
      : store_(store), range_(std::move(range)), next_(next) {}

  Result<WatchBatch> Next(SteadyTime deadline) override {
    for (;;) {
      if (store_.writer_->Read(&cancelled_)) return Cancelled("the watch was cancelled");
      PW_ASSIGN(WatchBatch batch, store_.readers_->Events(range_, next_));
      next_ = batch.revision + 1;
      if (!batch.events.empty() || store_.clock_.Steady() >= deadline) return batch;
      store_.writer_->WaitForRevision(next_, deadline, &cancelled_);
    }
  }

  void Cancel() override { store_.writer_->Wake(&cancelled_); }

 private:
  SqliteStore& store_;
  const KeyRange range_;
  Revision next_;           // the thread that calls Next
  bool cancelled_ = false;  // protected by the writer's lock
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const SqliteOptions& options, Clock& clock) {
  PW_TRY(MakeFolder(options.folder));
  PW_ASSIGN(std::unique_ptr<FolderLock> lock, FolderLock::Take(options.folder));
  PW_ASSIGN(SqliteHandle db, OpenWriter(options.folder, options.vfs, options.max_bytes));
  PW_ASSIGN(std::unique_ptr<SqliteWriter> writer, SqliteWriter::Start(std::move(db), clock));
  auto readers = std::make_unique<SqliteReaders>(options.folder, options.vfs);
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(lock), std::move(writer), std::move(readers), clock));
}

SqliteStore::SqliteStore(std::unique_ptr<FolderLock> lock, std::unique_ptr<SqliteWriter> writer,
                         std::unique_ptr<SqliteReaders> readers, Clock& clock)
    : lock_(std::move(lock)), writer_(std::move(writer)), readers_(std::move(readers)), clock_(clock) {}
SqliteStore::~SqliteStore() = default;

Result<TransactionResult> SqliteStore::Commit(const Transaction& transaction) {
  return writer_->Commit(transaction);
}
Result<RangeResult> SqliteStore::Range(const RangeRequest& request) {
  return readers_->Range(request);
}

Result<std::unique_ptr<Watcher>> SqliteStore::Watch(const KeyRange& range, Revision start_revision) {
  if (start_revision < 0) return InvalidArgument("a revision cannot be negative");
  Revision next = start_revision;
  if (next == 0) {
    next = writer_->revision() + 1;
  } else {
    // Tells at once, not at the first Next, that the start was compacted.
    PW_ASSIGN(const Revision compacted, readers_->Compacted());
    if (next < compacted) return CompactedError(next, compacted);
  }
  return std::unique_ptr<Watcher>(std::make_unique<SqliteWatcher>(*this, range, next));
}

Result<LeaseId> SqliteStore::Grant(std::chrono::milliseconds ttl) {
  return writer_->Grant(ttl);
}
Result<std::chrono::milliseconds> SqliteStore::KeepAlive(LeaseId lease) {
  return writer_->KeepAlive(lease);
}
Status SqliteStore::Revoke(LeaseId lease) {
  return writer_->Revoke(lease);
}
Status SqliteStore::Compact(Revision revision) {
  return writer_->Compact(revision);
}
Status SqliteStore::Healthy() {
  return writer_->Healthy();
}

}  // namespace podwright::store
