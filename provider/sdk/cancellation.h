// CancellationToken: how a waiting operation learns that the user pressed Ctrl-C (core then calls
// StopProvider), that Terraform is gone, or that its time is over.
//
// All methods may be called from any thread. Tokens are handles on the state of one source.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace podwright::sdk {

class CancellationSource;

enum class CancelReason {
  kNone,     // not cancelled
  kStopped,  // the user pressed Ctrl-C, or the host is gone
  kTimeout,  // the time that the operation had is over
};

class CancellationToken {
 public:
  // Forgets its callback when it is destroyed; the callback has then returned or never runs.
  class Registration {
   public:
    Registration() = default;
    Registration(Registration&&) noexcept = default;
    Registration& operator=(Registration&& other) noexcept;
    ~Registration();

   private:
    friend class CancellationToken;
    friend class CancellationSource;
    struct Entry;
    explicit Registration(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
    std::shared_ptr<Entry> entry_;  // shared with the source, which may outlive or predecease it
  };

  CancellationToken();  // one that is never cancelled
  bool cancelled() const { return reason() != CancelReason::kNone; }
  CancelReason reason() const;
  // Waits for at most `duration`; true when cancelled meanwhile.
  bool WaitFor(std::chrono::milliseconds duration) const;
  // Runs `callback` once on cancellation, on the cancelling thread, or here and now if it has happened.
  // Use it to break off a call that waits elsewhere (grpc::ClientContext::TryCancel).
  [[nodiscard]] Registration OnCancel(std::function<void()> callback) const;

 private:
  friend class CancellationSource;
  struct State;
  explicit CancellationToken(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // shared by the source and its tokens
};

class CancellationSource {
 public:
  CancellationSource();
  // The first reason stays.
  void Cancel(CancelReason reason = CancelReason::kStopped);
  CancellationToken token() const { return CancellationToken(state_); }

 private:
  std::shared_ptr<CancellationToken::State> state_;  // shared with the tokens
};

}  // namespace podwright::sdk
