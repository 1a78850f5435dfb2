#include "reconciler/git/merge.h"

#include <algorithm>
#include <set>

#include "reconciler/git/library.h"

namespace podwright::git {
namespace {

using Index = std::unique_ptr<git_index, Deleter<git_index_free>>;
using Conflicts = std::unique_ptr<git_index_conflict_iterator, Deleter<git_index_conflict_iterator_free>>;

constexpr std::size_t kMostConflicts = 100;

Result<Commit> Find(git_repository* repository, const std::string& text) {
  PW_ASSIGN(const git_oid id, ParseId(text));
  git_commit* raw = nullptr;
  const int code = git_commit_lookup(&raw, repository, &id);
  if (code == GIT_ENOTFOUND) return NotFound("there is no commit " + text + " in the mirror");
  if (code != 0) return DataLoss(LastError(code, "commit " + text).message());
  return Commit(raw);
}

Result<std::vector<std::string>> ConflictsOf(git_index* index) {
  git_index_conflict_iterator* raw = nullptr;
  if (const int code = git_index_conflict_iterator_new(&raw, index); code != 0) return LastError(code, "the conflicts");
  const Conflicts conflicts(raw);
  std::set<std::string> paths;
  const git_index_entry* sides[3] = {};
  while (git_index_conflict_next(&sides[0], &sides[1], &sides[2], conflicts.get()) == 0) {
    for (const git_index_entry* side : sides) {
      if (side == nullptr || paths.size() >= kMostConflicts) continue;
      paths.insert(side->path);
      break;
    }
  }
  return std::vector<std::string>(paths.begin(), paths.end());
}

}  // namespace

Result<MergedTree> MergeTrees(const Mirror& mirror, const std::string& base, const std::string& head) {
  PW_ASSIGN(const Repository repository, OpenMirror(mirror.path().string()));
  PW_ASSIGN(const Commit ours, Find(repository.get(), base));
  PW_ASSIGN(const Commit theirs, Find(repository.get(), head));
  const std::string what = "the merge of " + head.substr(0, 12) + " into " + base.substr(0, 12);
  git_oid ancestor;
  int code = git_merge_base(&ancestor, repository.get(), git_commit_id(ours.get()), git_commit_id(theirs.get()));
  if (code == GIT_ENOTFOUND) return InvalidArgument(what + ": they have no common history");
  if (code != 0) return DataLoss(LastError(code, what).message());
  const git_merge_options options = GIT_MERGE_OPTIONS_INIT;
  git_index* raw = nullptr;
  code = git_merge_commits(&raw, repository.get(), ours.get(), theirs.get(), &options);
  if (code != 0) return DataLoss(LastError(code, what).message());
  const Index index(raw);
  MergedTree out;
  if (git_index_has_conflicts(index.get()) != 0) {
    PW_ASSIGN(out.conflicts, ConflictsOf(index.get()));
    return out;
  }
  git_oid tree;
  code = git_index_write_tree_to(&tree, index.get(), repository.get());
  if (code != 0) return LastError(code, what);
  out.tree = IdText(tree);
  return out;
}

Result<std::string> TreeOf(const Mirror& mirror, const std::string& commit) {
  PW_ASSIGN(const Repository repository, OpenMirror(mirror.path().string()));
  PW_ASSIGN(const Commit found, Find(repository.get(), commit));
  return IdText(*git_commit_tree_id(found.get()));
}

Result<std::vector<std::string>> FirstParents(const Mirror& mirror, const std::string& from, const std::string& to,
                                              std::size_t most) {
  PW_ASSIGN(const Repository repository, OpenMirror(mirror.path().string()));
  std::vector<std::string> out;
  for (std::string at = to; at != from;) {
    if (out.size() == most) return std::vector<std::string>();
    PW_ASSIGN(const Commit commit, Find(repository.get(), at));
    out.push_back(at);
    if (git_commit_parentcount(commit.get()) == 0) return std::vector<std::string>();
    at = IdText(*git_commit_parent_id(commit.get(), 0));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace podwright::git
