// What waits for the control plane's thread: agents' messages, clouds' answers. First in, first out.
//
// Threading: any thread; has its own lock, which is held while nothing else is taken.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "core/result.h"

namespace podwright::control {

class Inbox {
 public:
  using Item = std::function<Status()>;  // called with the control plane's lock held, again after an error
  explicit Inbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Post(Item item) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      items_.push_back(std::move(item));
    }
    wake_();
  }
  std::optional<Item> Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (items_.empty()) return std::nullopt;
    Item item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  // Its turn did not end well: it comes again first.
  void PutBack(Item item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    items_.push_front(std::move(item));
  }
  bool empty() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return items_.empty();
  }

 private:
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::deque<Item> items_;  // protected by mutex_
};

}  // namespace podwright::control
