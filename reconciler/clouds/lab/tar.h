// Writes a POSIX ustar archive in memory: how files reach a machine without touching the disk of
// the host or a command line. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::clouds::lab {

class TarWriter {
 public:
  // A regular file of root. `path` is absolute; missing folders are the reader's business. Paths
  // that ustar cannot hold (255 bytes, a part of 100) are invalid-argument.
  Status Add(std::string_view path, std::string_view content, std::uint32_t mode);
  // The archive. The writer is empty afterwards.
  std::string Finish();

 private:
  std::string bytes_;
};

}  // namespace podwright::clouds::lab
