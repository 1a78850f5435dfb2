// Finds and reads the documents of a tree, with bounds. For the files of reconciler/git only. Threading: one thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "reconciler/git/library.h"
#include "reconciler/git/mirror.h"

namespace podwright::git {

class FolderReader {
 public:
  FolderReader(git_repository* repository, const FolderLimits& limits) : repository_(repository), limits_(limits) {}

  // The folder at `path` ("": the tree itself).
  Status ReadBelow(const git_tree* root, const std::string& path);
  std::vector<FolderEntry> Take() { return std::move(files_); }  // sorted by path

 private:
  Status ReadTree(const git_tree* tree, const std::string& path, int depth);
  Status ReadEntry(const git_tree_entry* entry, const std::string& path, int depth);
  Status AddFile(const git_oid& id, const std::string& path);
  Result<Tree> OpenTree(const git_oid& id, const std::string& path) const;

  git_repository* repository_;
  const FolderLimits limits_;
  std::size_t entries_ = 0;
  std::vector<FolderEntry> files_;
};

// kResourceExhausted: the object unpacks into more than `most` bytes. Asks before anything is unpacked.
Status CheckSize(git_repository* repository, const git_oid& id, std::size_t most, const std::string& what);

// `others`: bytes that count for limits.all_bytes already.
Result<std::vector<FolderFile>> ReadBlobs(git_repository* repository, const std::vector<FolderEntry>& files,
                                          std::size_t others, const FolderLimits& limits);

}  // namespace podwright::git
