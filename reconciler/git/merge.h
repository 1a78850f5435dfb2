// What a merge would make, without making it: trees are written into the mirror, no commit and no reference is.
//
// Errors: kNotFound: a commit is not in the mirror; kDataLoss: the mirror is broken; kInvalidArgument: the two have no
// common history. Threading: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/result.h"
#include "reconciler/git/mirror.h"

namespace podwright::git {

struct MergedTree {
  std::string tree;                    // 40 hexadecimal digits; "" where there are conflicts
  std::vector<std::string> conflicts;  // paths, at most 100
};

// `head` into `base`. Renames are followed, as forges do.
Result<MergedTree> MergeTrees(const Mirror& mirror, const std::string& base, const std::string& head);

// The tree of a commit.
Result<std::string> TreeOf(const Mirror& mirror, const std::string& commit);

// The commits after `from` up to `to` along first parents, `from`'s child first: what the branch itself went through.
// Empty: `from` is not on that way, or further back than `most`.
Result<std::vector<std::string>> FirstParents(const Mirror& mirror, const std::string& from, const std::string& to,
                                              std::size_t most);

}  // namespace podwright::git
