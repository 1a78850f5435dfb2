// Answers with their ETags, so that what has not changed is asked for by If-None-Match and costs no quota (GitHub).
//
// Threading: any thread. Bounded by bytes; the least lately used go first.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "reconciler/forge/transport.h"

namespace podwright::forge {

class ConditionalCache {
 public:
  explicit ConditionalCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Null: nothing is kept for the URL. Shared, because another thread may put a newer one in its place.
  std::shared_ptr<const HttpAnswer> Find(const std::string& url);
  // Keeps it when it has an ETag.
  void Keep(const std::string& url, const HttpAnswer& answer);

 private:
  struct Entry {
    std::string url;
    std::shared_ptr<const HttpAnswer> answer;
    std::size_t bytes;
  };
  void DropLocked(std::list<Entry>::iterator entry);

  const std::size_t max_bytes_;
  std::mutex mutex_;
  // Protected by mutex_:
  std::list<Entry> entries_;  // the most lately used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_url_;
  std::size_t bytes_ = 0;
};

}  // namespace podwright::forge
