// One fetch into a mirror at a time, whoever asks: others wait for their turn.
//
// Threading: any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>

#include "reconciler/git/fetcher.h"

namespace podwright::git {

class SerialFetcher final : public Fetcher {
 public:
  // `fetcher` must outlive it.
  explicit SerialFetcher(Fetcher& fetcher) : fetcher_(fetcher) {}
  Result<std::string> Fetch(const FetchRequest& request) override;

 private:
  Fetcher& fetcher_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::set<std::filesystem::path> busy_;  // protected by mutex_
};

}  // namespace podwright::git
