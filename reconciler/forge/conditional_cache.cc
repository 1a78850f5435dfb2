#include "reconciler/forge/conditional_cache.h"

#include <iterator>
#include <utility>

namespace podwright::forge {

std::shared_ptr<const HttpAnswer> ConditionalCache::Find(const std::string& url) {
  std::lock_guard lock(mutex_);
  const auto found = by_url_.find(url);
  if (found == by_url_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->answer;
}

void ConditionalCache::DropLocked(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  by_url_.erase(entry->url);
  entries_.erase(entry);
}

void ConditionalCache::Keep(const std::string& url, const HttpAnswer& answer) {
  std::lock_guard lock(mutex_);
  if (const auto found = by_url_.find(url); found != by_url_.end()) DropLocked(found->second);
  const std::size_t bytes = answer.body.size() + url.size() + 1024;
  if (answer.header("etag").empty() || bytes > max_bytes_) return;
  entries_.push_front({url, std::make_shared<const HttpAnswer>(answer), bytes});
  by_url_[url] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > max_bytes_) DropLocked(std::prev(entries_.end()));
}

}  // namespace podwright::forge
