// Fetches by libgit2 in this process. libgit2 has no time limits of its own for the network and keeps some settings for
// the whole process, so podwrightd does this in a child (child_fetcher.h); tests of file:// repositories use it
// directly.
#pragma once

#include "reconciler/git/fetcher.h"

namespace podwright::git {

class LibraryFetcher final : public Fetcher {
 public:
  // `timeout` is not looked at.
  Result<std::string> Fetch(const FetchRequest& request) override;
};

}  // namespace podwright::git
