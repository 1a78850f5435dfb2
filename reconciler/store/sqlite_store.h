// The embedded store: one SQLite file with a write-ahead log and full sync, in a folder that one process
// holds at a time.
//
// Leases end by the clock that Open was given. History survives reopening, so a watch may begin at any
// revision that is not compacted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/clock.h"
#include "reconciler/store/store.h"

namespace podwright::store {

class FolderLock;
class SqliteReaders;
class SqliteWriter;

struct SqliteOptions {
  std::filesystem::path folder;  // made with mode 0700 when it is missing; the file in it has 0600
  std::int64_t max_bytes = 0;    // writes beyond this size are refused as if the disk were full; 0: no limit
  std::string vfs;               // SQLite's name of the file system to use; empty: the default
};

class SqliteStore final : public Store {
 public:
  // `clock` must outlive the store. kFailedPrecondition: another process holds the folder (the error names
  // its pid), or the file is not ours or too new.
  static Result<std::unique_ptr<SqliteStore>> Open(const SqliteOptions& options, Clock& clock);
  ~SqliteStore() override;

  Result<TransactionResult> Commit(const Transaction& transaction) override;
  Result<RangeResult> Range(const RangeRequest& request) override;
  Result<std::unique_ptr<Watcher>> Watch(const KeyRange& range, Revision start_revision) override;
  Result<LeaseId> Grant(std::chrono::milliseconds ttl) override;
  Result<std::chrono::milliseconds> KeepAlive(LeaseId lease) override;
  Status Revoke(LeaseId lease) override;
  Status Compact(Revision revision) override;
  Status Healthy() override;

 private:
  class SqliteWatcher;
  SqliteStore(std::unique_ptr<FolderLock> lock, std::unique_ptr<SqliteWriter> writer,
              std::unique_ptr<SqliteReaders> readers, Clock& clock);

  const std::unique_ptr<FolderLock> lock_;  // first: let go last
  const std::unique_ptr<SqliteWriter> writer_;
  const std::unique_ptr<SqliteReaders> readers_;
  Clock& clock_;
};

}  // namespace podwright::store
