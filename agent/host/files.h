// Files of the server, by absolute path. The last component is never followed when it is a symbolic
// link. Threading: any thread. Errors carry the system's words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::host {

enum class FileType { kFile, kDirectory, kSymlink, kOther };

struct FileAttributes {
  std::uint32_t mode = 0644;
  std::string owner = "root";
  std::string group = "root";
};

struct FileStat {
  FileType type = FileType::kFile;
  std::uint32_t mode = 0;  // permission bits
  std::string owner;       // a name, or the number of a user that has none
  std::string group;
  std::int64_t size = 0;
  std::string stamp;  // the same stamp means the same content
};

class Files {
 public:
  virtual ~Files() = default;
  // Nothing where nothing is.
  virtual Result<std::optional<FileStat>> Stat(const std::string& path) = 0;
  // Failed-precondition for what is not a regular file, resource-exhausted beyond `max` bytes.
  virtual Result<std::string> Read(const std::string& path, std::size_t max) = 0;
  // Whole or not at all: the content is on disk under another name in the same folder, readable by
  // its owner only, before it takes this one. Refuses to replace what is not a regular file.
  virtual Status Write(const std::string& path, std::string_view content, const FileAttributes& attributes) = 0;
  virtual Status SetAttributes(const std::string& path, const FileAttributes& attributes) = 0;
  // What is not there is removed. Refuses what is neither a regular file nor a link.
  virtual Status Remove(const std::string& path) = 0;
  // Makes `folder` and the missing ones above it (0755, root); answers those that it made, outermost first.
  virtual Result<std::vector<std::string>> MakeFolders(const std::string& folder) = 0;
  // One folder, with these attributes; an existing one gets them.
  virtual Status EnsureFolder(const std::string& folder, const FileAttributes& attributes) = 0;
  // Only when it is empty; one that is not, or is not there, is left and no error.
  virtual Status RemoveEmptyFolder(const std::string& folder) = 0;
  // A folder of Podwright's own with all that is in it; links in it are removed, not followed. One that is not there is
  // no error.
  virtual Status RemoveTree(const std::string& folder) = 0;
};

// "/etc/x" of "/etc/x/y"; "/" of "/x".
std::string ParentFolder(const std::string& path);
// "0644" and back; nothing where it is not four octal digits.
std::optional<std::uint32_t> ParseMode(std::string_view text);
std::string FormatMode(std::uint32_t mode);

}  // namespace podwright::host
