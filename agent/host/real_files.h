// Files on the disk, below `root` (empty: the whole machine). Threading: any thread.
#pragma once

#include "agent/host/accounts.h"
#include "agent/host/files.h"

namespace podwright::host {

class RealFiles final : public Files {
 public:
  // `accounts` outlives it.
  explicit RealFiles(Accounts& accounts, std::string root = "") : accounts_(accounts), root_(std::move(root)) {}

  Result<std::optional<FileStat>> Stat(const std::string& path) override;
  Result<std::string> Read(const std::string& path, std::size_t max) override;
  Status Write(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  Status SetAttributes(const std::string& path, const FileAttributes& attributes) override;
  Status Remove(const std::string& path) override;
  Result<std::vector<std::string>> MakeFolders(const std::string& folder) override;
  Status EnsureFolder(const std::string& folder, const FileAttributes& attributes) override;
  Status RemoveEmptyFolder(const std::string& folder) override;
  Status RemoveTree(const std::string& folder) override;

 private:
  Accounts& accounts_;
  const std::string root_;
};

}  // namespace podwright::host
