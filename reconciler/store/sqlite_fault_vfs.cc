#include "reconciler/store/sqlite_fault_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace podwright::store {

std::atomic<bool> FaultVfs::fail_writes{false};
std::atomic<bool> FaultVfs::fail_syncs{false};
std::atomic<int> FaultVfs::syncs{0};
std::atomic<bool> FaultVfs::hold_syncs{false};

namespace {

// A method table of SQLite's with two methods replaced. Files point at `table`, its first member.
struct Patched {
  sqlite3_io_methods table;
  const sqlite3_io_methods* original;
};

const sqlite3_io_methods* Original(sqlite3_file* file) {
  return reinterpret_cast<const Patched*>(file->pMethods)->original;
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (FaultVfs::fail_writes) return SQLITE_FULL;
  return Original(file)->xWrite(file, data, size, offset);
}

int Sync(sqlite3_file* file, int flags) {
  ++FaultVfs::syncs;
  while (FaultVfs::hold_syncs) std::this_thread::yield();
  if (FaultVfs::fail_syncs) return SQLITE_IOERR_FSYNC;
  return Original(file)->xSync(file, flags);
}

const sqlite3_io_methods* Patch(const sqlite3_io_methods* original) {
  static std::mutex mutex;
  static std::map<const sqlite3_io_methods*, std::unique_ptr<Patched>> all;
  std::lock_guard lock(mutex);
  std::unique_ptr<Patched>& patched = all[original];
  if (!patched) {
    patched = std::make_unique<Patched>(Patched{*original, original});
    patched->table.xWrite = Write;
    patched->table.xSync = Sync;
  }
  return &patched->table;
}

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* base = static_cast<sqlite3_vfs*>(vfs->pAppData);
  const int code = base->xOpen(base, name, file, flags, out_flags);
  if (file->pMethods != nullptr) file->pMethods = Patch(file->pMethods);
  return code;
}

}  // namespace

std::string FaultVfs::Name() {
  static sqlite3_vfs vfs;
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_vfs* base = sqlite3_vfs_find(nullptr);
    vfs = *base;
    vfs.zName = "podwright-fault";
    vfs.pNext = nullptr;
    vfs.pAppData = base;
    vfs.xOpen = Open;
    sqlite3_vfs_register(&vfs, 0);
  });
  return vfs.zName;
}

}  // namespace podwright::store
