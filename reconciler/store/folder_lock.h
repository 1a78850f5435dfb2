// One process a data folder: an flock on the file LOCK in it, which the kernel lets go with the process,
// however that ends. The file holds the holder's pid, for the error that a second one gets.
//
// Threading: a value, used by one thread at a time.
#pragma once

#include <filesystem>
#include <memory>

#include "core/result.h"

namespace podwright::store {

class FolderLock {
 public:
  // kFailedPrecondition when another process, or another lock of this one, holds the folder.
  static Result<std::unique_ptr<FolderLock>> Take(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace podwright::store
