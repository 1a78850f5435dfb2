// Fetches in a child process, `podwrightd git-fetch`: a server that never answers is ended by the time limit, and what
// a hostile one does to the parsers of packs and protocols ends a child without privileges over the store.
//
// The request goes through standard input, never through arguments or the environment; the answer comes by standard
// output. Threading: any thread.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "reconciler/git/fetcher.h"

namespace podwright::git {

class ChildFetcher final : public Fetcher {
 public:
  // `program` understands `git-fetch`; `scratch` is a folder for what the child needs in files (nothing secret).
  ChildFetcher(std::string program, std::filesystem::path scratch)
      : program_(std::move(program)), scratch_(std::move(scratch)) {}
  Result<std::string> Fetch(const FetchRequest& request) override;
  // Ends the children that run, and lets no other begin.
  void Stop() { stop_.request_stop(); }

 private:
  const std::string program_;
  const std::filesystem::path scratch_;
  std::stop_source stop_;
};

// The child: reads a request, fetches, writes the answer. Answers its exit code.
int FetchChild();

}  // namespace podwright::git
