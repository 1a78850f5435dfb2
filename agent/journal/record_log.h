// An append-only file of records, each with its length and a checksum, each on disk before Append
// returns. A record that a crash cut off is dropped when the file is opened; one that is damaged ends
// the reading: what stands before it is kept, and the damaged file is put aside.
//
// Threading: one thread at a time. The file is 0600, its folder is the caller's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::agent {

enum class LogDamage { kNone, kTornTail, kCorrupt };

class RecordLog {
 public:
  struct Opened {
    std::unique_ptr<RecordLog> log;
    std::vector<std::string> records;
    LogDamage damage = LogDamage::kNone;
  };
  static Result<Opened> Open(const std::string& path);
  ~RecordLog();
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  // After an error nothing of the record stays in the file.
  Status Append(std::string_view record);
  // The file holds just this record from now on; whole or not at all.
  Status Replace(std::string_view record);
  std::uint64_t size() const { return size_; }

 private:
  RecordLog(std::string path, int fd, std::uint64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}

  const std::string path_;
  int fd_;
  std::uint64_t size_;  // of the good part
};

}  // namespace podwright::agent
