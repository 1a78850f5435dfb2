// One agent's stream, on gRPC's callback API: no thread of its own, one read and one write under way at
// most, a bounded queue behind the write.
//
// Threading: gRPC calls the On… methods; Send and End may be called from any thread. The mutex is
// recursive, because gRPC may call back while an operation is started; it is never held while the control plane
// is called, which may call Send from inside.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/agent_record.pb.h"

namespace podwright::api {

class SessionManager;

class AgentSession final : public grpc::ServerBidiReactor<v1::AgentMessage, v1::ControlMessage>,
                           public std::enable_shared_from_this<AgentSession> {
 public:
  static constexpr std::size_t kMostQueued = 4096;
  static constexpr std::size_t kMostQueuedBytes = 32 << 20;

  // Owned by itself from Begin until gRPC is done with it.
  // `context` is gRPC's for this stream; it lives until OnDone.
  AgentSession(SessionManager& manager, grpc::CallbackServerContext* context, v1::AgentRecord record);
  void Begin();

  const std::string& workspace() const { return record_.workspace(); }
  const std::string& server() const { return record_.server(); }

  // Queues; nothing goes out before Welcome. kUnavailable: the stream has ended, or the agent takes nothing.
  Status Send(const v1::ControlMessage& message);
  // Ends the stream with this error; a second end changes nothing. A write under way comes to its end first,
  // unless it is cut off because the agent seems to take nothing any more.
  enum class Ending { kAfterWrite, kCutOff };
  void End(const Error& why, Ending ending = Ending::kAfterWrite);

  bool greeted() const { return greeted_; }
  SteadyTime last_heard() const { return SteadyTime(SteadyTime::duration(last_heard_.load())); }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  Status Greet(const v1::Hello& hello);
  void Enqueue(const v1::ControlMessage& message, bool first);
  void WriteNext();
  void FinishNow();

  SessionManager& manager_;
  grpc::CallbackServerContext* const context_;
  const v1::AgentRecord record_;
  std::shared_ptr<AgentSession> self_;  // from Begin to OnDone
  std::atomic<bool> greeted_{false};
  std::atomic<SteadyTime::rep> last_heard_{0};
  v1::AgentMessage incoming_;  // of the read under way
  std::uint64_t number_ = 0;   // set before the first message is handed on

  std::recursive_mutex mutex_;
  std::deque<v1::ControlMessage> queue_;  // protected by mutex_; the front is being written
  std::size_t queued_bytes_ = 0;          // protected by mutex_
  bool welcomed_ = false;                 // protected by mutex_: Welcome is queued, writes may begin
  bool writing_ = false;                  // protected by mutex_
  bool finished_ = false;                 // protected by mutex_: Finish was called
  std::optional<Error> ending_;           // protected by mutex_: to be finished with
};

}  // namespace podwright::api
