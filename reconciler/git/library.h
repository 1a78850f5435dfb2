// libgit2's handles and errors, wrapped once. For the files of reconciler/git only.
#pragma once

#include <git2.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::git {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};

using Repository = std::unique_ptr<git_repository, Deleter<git_repository_free>>;
using Remote = std::unique_ptr<git_remote, Deleter<git_remote_free>>;
using Commit = std::unique_ptr<git_commit, Deleter<git_commit_free>>;
using Tree = std::unique_ptr<git_tree, Deleter<git_tree_free>>;
using Blob = std::unique_ptr<git_blob, Deleter<git_blob_free>>;
using Odb = std::unique_ptr<git_odb, Deleter<git_odb_free>>;
using Walk = std::unique_ptr<git_revwalk, Deleter<git_revwalk_free>>;
using Object = std::unique_ptr<git_object, Deleter<git_object_free>>;

// Starts the library once a process, without any configuration of the machine or the user.
void StartLibrary();

// The library's last words. Objects and repositories that cannot be read are kDataLoss: a mirror that is made again
// has them.
Error LastError(int code, const std::string& what);

Result<git_oid> ParseId(std::string_view hex);  // 40 digits
std::string IdText(const git_oid& id);

Result<Repository> OpenMirror(const std::string& path);

}  // namespace podwright::git
