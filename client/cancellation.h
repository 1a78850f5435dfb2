// Cancellation: how a call that waits is broken off from another thread (Ctrl-C, a plugin host that stops).
//
// Threading: all methods may be called from any thread. A Cancellation must outlive the calls it is given to.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace podwright::client {

class Cancellation {
 public:
  // Runs `callback` once on cancellation, here and now if it has happened. It must not wait and must not
  // call the Cancellation. Forgotten when this is destroyed; the callback has then returned or never runs.
  class Registration {
   public:
    Registration(Cancellation& owner, std::function<void()> callback);
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration();

   private:
    Cancellation& owner_;
    std::uint64_t id_ = 0;
  };

  void Cancel();
  bool cancelled() const;
  // Waits for at most `duration`; true when cancelled meanwhile.
  bool WaitFor(std::chrono::milliseconds duration) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool cancelled_ = false;                                    // protected by mutex_
  std::uint64_t next_id_ = 1;                                 // protected by mutex_
  std::map<std::uint64_t, std::function<void()>> callbacks_;  // protected by mutex_
};

}  // namespace podwright::client
