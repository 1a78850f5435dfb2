// Files below the standard library's: descriptors that close themselves, writes that are whole, what is on the disk.
//
// Threading: FileHandle is a value of one thread; the functions may be called from any.
// Errors: those of errno, which name the path; kResourceExhausted for what is larger than it may be.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

namespace podwright {

class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  ~FileHandle() { Close(); }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // Leaves errno alone.
  void Close();

 private:
  int fd_ = -1;
};

// `path` stands in errors.
Status WriteAll(int fd, std::string_view content, const std::string& path);
// WriteAll, and it is on the disk.
Status WriteSynced(int fd, std::string_view content, const std::string& path);
// From where the descriptor stands.
Result<std::string> ReadAll(int fd, const std::string& path, std::size_t max_bytes);
// Names that were made, removed or changed in the folder are on the disk.
Status SyncFolderOf(const std::string& path);

// The file as a whole or, after a crash, the one before: written aside as `path`.new, synced, renamed. One writer at a
// time. The mode is set whatever the umask is.
Status ReplaceFile(const std::string& path, std::string_view content, mode_t mode);

}  // namespace podwright
