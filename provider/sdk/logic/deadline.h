// Deadline: the time limit of one operation, from the schema's timeouts and the user's. Internal to the logic.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "provider/sdk/cancellation.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/schema/schema.h"

namespace podwright::sdk::logic {

inline constexpr char kTimeouts[] = "timeouts";

enum class Operation { kCreate, kRead, kUpdate, kDelete };

// The setting that a schema with timeouts gets.
Attribute TimeoutsAttribute(const Timeouts& timeouts);

// `value` with the timeouts of `from`; where the schema has none, as it is.
Value WithTimeoutsOf(const Schema& schema, const Value& from, Value value);

// Its token is cancelled with `parent`, or when the time is over. Without a limit it costs nothing. Ends at once
// when it is destroyed.
class Deadline {
 public:
  // `settings` is the object that has the user's timeouts.
  Deadline(const Schema& schema, Operation operation, const Value& settings, const CancellationToken& parent);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  const CancellationToken& token() const { return token_; }
  // After an operation that failed: says that its time was over, where it was.
  void Explain(Diagnostics& diagnostics) const;

 private:
  void Watch();

  std::string name_;
  AttributePath place_;
  std::chrono::nanoseconds limit_{0};
  std::chrono::steady_clock::time_point end_{};
  CancellationSource source_;
  CancellationToken token_;
  CancellationToken::Registration parent_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;  // protected by mutex_
  std::thread watcher_;
};

}  // namespace podwright::sdk::logic
