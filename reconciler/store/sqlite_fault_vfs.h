// For tests: SQLite's own file system, with writes and syncs that fail or wait on command.
#pragma once

#include <atomic>
#include <functional>
#include <string>

namespace podwright::store {

struct FaultVfs {
  // Registers it once; its name goes into SqliteOptions::vfs.
  static std::string Name();
  static std::atomic<bool> fail_writes;  // as if the disk were full
  static std::atomic<bool> fail_syncs;
  static std::atomic<int> syncs;
  static std::atomic<bool> hold_syncs;  // a sync waits while this is set
};

}  // namespace podwright::store
