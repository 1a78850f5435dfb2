#include "reconciler/git/serial_fetcher.h"

namespace podwright::git {

Result<std::string> SerialFetcher::Fetch(const FetchRequest& request) {
  {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [&] { return !busy_.contains(request.mirror); });
    busy_.insert(request.mirror);
  }
  Result<std::string> head = fetcher_.Fetch(request);
  {
    const std::lock_guard lock(mutex_);
    busy_.erase(request.mirror);
  }
  free_.notify_all();
  return head;
}

}  // namespace podwright::git
