#include "provider/sdk/cancellation.h"

#include <condition_variable>
#include <list>
#include <mutex>
#include <utility>

namespace podwright::sdk {

struct CancellationToken::Registration::Entry {
  std::mutex mutex;
  std::function<void()> callback;  // protected by mutex; empty when run or forgotten

  void Run() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (callback) std::exchange(callback, nullptr)();
  }
};

struct CancellationToken::State {
  mutable std::mutex mutex;
  std::condition_variable changed;
  CancelReason reason = CancelReason::kNone;                    // protected by mutex
  std::list<std::weak_ptr<Registration::Entry>> registrations;  // protected by mutex
};

CancellationToken::Registration& CancellationToken::Registration::operator=(Registration&& other) noexcept {
  std::swap(entry_, other.entry_);
  return *this;
}

CancellationToken::Registration::~Registration() {
  if (entry_ == nullptr) return;
  const std::lock_guard<std::mutex> lock(entry_->mutex);
  entry_->callback = nullptr;
}

CancellationToken::CancellationToken() : state_(std::make_shared<State>()) {}

CancelReason CancellationToken::reason() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->reason;
}

bool CancellationToken::WaitFor(std::chrono::milliseconds duration) const {
  std::unique_lock<std::mutex> lock(state_->mutex);
  return state_->changed.wait_for(lock, duration, [&] { return state_->reason != CancelReason::kNone; });
}

CancellationToken::Registration CancellationToken::OnCancel(std::function<void()> callback) const {
  auto entry = std::make_shared<Registration::Entry>();
  entry->callback = std::move(callback);
  bool now = false;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    now = state_->reason != CancelReason::kNone;
    state_->registrations.remove_if([](const auto& weak) { return weak.expired(); });
    if (!now) state_->registrations.push_back(entry);
  }
  if (now) entry->Run();
  return Registration(std::move(entry));
}

CancellationSource::CancellationSource() : state_(CancellationToken().state_) {}

void CancellationSource::Cancel(CancelReason reason) {
  std::list<std::weak_ptr<CancellationToken::Registration::Entry>> registrations;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->reason == CancelReason::kNone) state_->reason = reason;
    registrations.swap(state_->registrations);
  }
  state_->changed.notify_all();
  for (const auto& weak : registrations) {
    if (const auto entry = weak.lock()) entry->Run();
  }
}

}  // namespace podwright::sdk
