// The reading side of the SQLite store: snapshots of committed state, at the side of the writer.
//
// Threading: SqliteReaders is safe from any thread; it lends each call a connection of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reconciler/store/store.h"

namespace podwright::store {

class SqliteReaders {
 public:
  SqliteReaders(std::filesystem::path folder, std::string vfs);
  ~SqliteReaders();

  Result<RangeResult> Range(const RangeRequest& request);
  // The events of `range` from revision `from` on, whole revisions, as many as fit a batch.
  Result<WatchBatch> Events(const KeyRange& range, Revision from);
  // The compaction horizon.
  Result<Revision> Compacted();

 private:
  class Connection;
  class Lent;
  Result<std::unique_ptr<Connection>> Take();
  void GiveBack(std::unique_ptr<Connection> connection);

  const std::filesystem::path folder_;
  const std::string vfs_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // protected by mutex_
};

}  // namespace podwright::store
