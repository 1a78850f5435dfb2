// Folders of documents out of a local clone, by the program `git`: what a commit has, and what a merge would have.
//
// Nothing of the clone is executed or changed but for objects of a merge, which nothing refers to. Symbolic links and
// submodules in the folder are refused, as the control plane refuses them.
// Errors: kNotFound: no such repository, reference or folder; kFailedPrecondition: a merge conflict. Threading: any.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "kinds/loader.h"

namespace podwright::cli {

class GitClone {
 public:
  explicit GitClone(std::string folder) : folder_(std::move(folder)) {}

  // The commit's id.
  Result<std::string> Resolve(const std::string& reference) const;
  // The tree that a merge of `head` into `base` would have.
  Result<std::string> Merged(const std::string& base, const std::string& head) const;
  // The documents' files below `path` ("": the root) of a commit or tree, by their path from the root.
  Result<std::vector<kinds::NamedText>> Read(const std::string& tree, const std::string& path) const;

 private:
  Result<std::string> Git(std::vector<std::string> arguments, std::string input = {}) const;
  const std::string folder_;
};

}  // namespace podwright::cli
