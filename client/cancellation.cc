#include "client/cancellation.h"

#include <utility>

namespace podwright::client {

Cancellation::Registration::Registration(Cancellation& owner, std::function<void()> callback) : owner_(owner) {
  const std::lock_guard lock(owner_.mutex_);
  if (owner_.cancelled_) {
    callback();
    return;
  }
  id_ = owner_.next_id_++;
  owner_.callbacks_.emplace(id_, std::move(callback));
}

Cancellation::Registration::~Registration() {
  const std::lock_guard lock(owner_.mutex_);
  owner_.callbacks_.erase(id_);
}

void Cancellation::Cancel() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return;
  cancelled_ = true;
  changed_.notify_all();
  for (auto& [id, callback] : callbacks_) callback();
  callbacks_.clear();
}

bool Cancellation::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

bool Cancellation::WaitFor(std::chrono::milliseconds duration) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, duration, [this] { return cancelled_; });
}

}  // namespace podwright::client
