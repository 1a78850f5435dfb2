#include "reconciler/git/folder_reader.h"

#include <algorithm>

namespace podwright::git {
namespace {

constexpr std::size_t kEntriesForAFile = 20;  // of other names, at most
constexpr std::size_t kMostTreeBytes = std::size_t{64} << 20;

bool IsDocument(const std::string& name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

std::string Below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

}  // namespace

Status CheckSize(git_repository* repository, const git_oid& id, std::size_t most, const std::string& what) {
  git_odb* raw = nullptr;
  int code = git_repository_odb(&raw, repository);
  if (code != 0) return DataLoss(LastError(code, "the mirror").message());
  const Odb odb(raw);
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  code = git_odb_read_header(&size, &type, odb.get(), &id);
  // What is not there is for whoever reads it to tell.
  if (code != 0 || size <= most) return Ok();
  return ResourceExhausted(what + " is larger than " + std::to_string(most >> 20) + " MiB");
}

Result<Tree> FolderReader::OpenTree(const git_oid& id, const std::string& path) const {
  PW_TRY(CheckSize(repository_, id, kMostTreeBytes, "the folder " + path));
  git_tree* raw = nullptr;
  const int code = git_tree_lookup(&raw, repository_, &id);
  if (code != 0) return DataLoss(LastError(code, "the folder " + path).message());
  return Tree(raw);
}

Status FolderReader::ReadBelow(const git_tree* root, const std::string& path) {
  Tree at;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string part = path.substr(start, end - start);
    const std::string so_far = path.substr(0, end);
    const git_tree* here = at ? at.get() : root;
    const git_tree_entry* entry = git_tree_entry_byname(here, part.c_str());
    if (entry == nullptr) return NotFound("there is no folder " + so_far + " in this commit");
    if (git_tree_entry_type(entry) != GIT_OBJECT_TREE || git_tree_entry_filemode(entry) != GIT_FILEMODE_TREE) {
      return InvalidArgument(so_far + " is no folder in this commit");
    }
    PW_ASSIGN(Tree next, OpenTree(*git_tree_entry_id(entry), so_far));
    at = std::move(next);
    start = end + 1;
  }
  PW_TRY(ReadTree(at ? at.get() : root, path, 0));
  std::sort(files_.begin(), files_.end(), [](const FolderEntry& a, const FolderEntry& b) { return a.path < b.path; });
  return Ok();
}

Status FolderReader::ReadTree(const git_tree* tree, const std::string& path, int depth) {
  if (depth > limits_.depth) {
    return ResourceExhausted(path + ": folders are nested deeper than " + std::to_string(limits_.depth));
  }
  const std::size_t count = git_tree_entrycount(tree);
  for (std::size_t i = 0; i < count; ++i) PW_TRY(ReadEntry(git_tree_entry_byindex(tree, i), path, depth));
  return Ok();
}

Status FolderReader::ReadEntry(const git_tree_entry* entry, const std::string& path, int depth) {
  const std::string name = git_tree_entry_name(entry);
  // Also every "..", which no honest program puts there.
  if (name.starts_with('.')) return Ok();
  const std::string full = Below(path, name);
  if (name.empty() || name.find('/') != std::string::npos) return InvalidArgument(full + ": this is no name of a file");
  if (++entries_ > limits_.files * kEntriesForAFile) {
    return ResourceExhausted("there are more than " + std::to_string(limits_.files * kEntriesForAFile) + " files");
  }
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_TREE: {
      PW_ASSIGN(const Tree tree, OpenTree(*git_tree_entry_id(entry), full));
      return ReadTree(tree.get(), full, depth + 1);
    }
    case GIT_FILEMODE_LINK:
      return InvalidArgument(full + ": symbolic links are not followed; take it out of the folder");
    case GIT_FILEMODE_COMMIT: return InvalidArgument(full + ": submodules are not followed; take it out of the folder");
    default: break;
  }
  return IsDocument(name) ? AddFile(*git_tree_entry_id(entry), full) : Ok();
}

Status FolderReader::AddFile(const git_oid& id, const std::string& path) {
  if (files_.size() == limits_.files) {
    return ResourceExhausted("there are more than " + std::to_string(limits_.files) + " documents' files");
  }
  files_.push_back({path, IdText(id)});
  return Ok();
}

Result<std::vector<FolderFile>> ReadBlobs(git_repository* repository, const std::vector<FolderEntry>& files,
                                          std::size_t others, const FolderLimits& limits) {
  git_odb* raw_odb = nullptr;
  int code = git_repository_odb(&raw_odb, repository);
  if (code != 0) return DataLoss(LastError(code, "the mirror").message());
  const Odb odb(raw_odb);
  std::size_t bytes = others;
  std::vector<FolderFile> out;
  for (const FolderEntry& file : files) {
    PW_ASSIGN(const git_oid id, ParseId(file.blob));
    // Before anything is unpacked.
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    code = git_odb_read_header(&size, &type, odb.get(), &id);
    if (code != 0) return DataLoss(LastError(code, file.path).message());
    if (type != GIT_OBJECT_BLOB) return InvalidArgument(file.path + ": it is no file");
    if (size > limits.file_bytes) {
      return ResourceExhausted(file.path + ": the file is larger than " + std::to_string(limits.file_bytes >> 20) +
                               " MiB");
    }
    bytes += size;
    if (bytes > limits.all_bytes) {
      return ResourceExhausted("the documents are larger than " + std::to_string(limits.all_bytes >> 20) +
                               " MiB together");
    }
    git_blob* raw = nullptr;
    code = git_blob_lookup(&raw, repository, &id);
    if (code != 0) return DataLoss(LastError(code, file.path).message());
    const Blob blob(raw);
    out.push_back({file.path, std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                                          static_cast<std::size_t>(git_blob_rawsize(blob.get())))});
  }
  return out;
}

}  // namespace podwright::git
