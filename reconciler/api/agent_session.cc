#include "reconciler/api/agent_session.h"

#include <utility>

#include "core/log.h"
#include "reconciler/api/session_manager.h"
#include "reconciler/api/status.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {

AgentSession::AgentSession(SessionManager& manager, grpc::CallbackServerContext* context, v1::AgentRecord record)
    : manager_(manager), context_(context), record_(std::move(record)) {}

void AgentSession::Begin() {
  self_ = shared_from_this();
  last_heard_ = manager_.Now().time_since_epoch().count();
  const Result<std::uint64_t> number = manager_.Register(self_);
  if (!number.ok()) {
    End(number.error());
    return;
  }
  number_ = *number;
  const std::lock_guard lock(mutex_);
  if (!finished_) StartRead(&incoming_);
}

void AgentSession::OnReadDone(bool ok) {
  const std::shared_ptr<AgentSession> keep = shared_from_this();
  if (!ok) {
    End(Cancelled("the agent has ended the stream"));
    return;
  }
  last_heard_ = manager_.Now().time_since_epoch().count();
  if (greeted_) {
    manager_.control().OnAgentMessage(workspace(), server(), number_, incoming_);
  } else {
    const Status greeting = incoming_.has_hello() ? Greet(incoming_.hello())
                                                  : InvalidArgument("the first message of a session must be Hello");
    if (!greeting.ok()) {
      log::Warn("an agent's session was refused", {{"server", server()}, {"error", greeting.error().ToString()}});
      End(greeting.error());
      return;
    }
  }
  const std::lock_guard lock(mutex_);
  if (!finished_ && !ending_) StartRead(&incoming_);
}

// What the control plane sends from inside waits in the queue behind Welcome.
Status AgentSession::Greet(const v1::Hello& hello) {
  greeted_ = true;
  Result<v1::Welcome> welcome = manager_.control().OnAgentConnected(workspace(), server(), number_, hello);
  if (!welcome.ok()) {
    greeted_ = false;
    return std::move(welcome).error();
  }
  v1::ControlMessage message;
  *message.mutable_welcome() = *std::move(welcome);
  const std::lock_guard lock(mutex_);
  Enqueue(message, true);
  welcomed_ = true;
  WriteNext();
  return Ok();
}

void AgentSession::Enqueue(const v1::ControlMessage& message, bool first) {
  queued_bytes_ += message.ByteSizeLong();
  if (first) {
    queue_.push_front(message);
  } else {
    queue_.push_back(message);
  }
}

Status AgentSession::Send(const v1::ControlMessage& message) {
  const std::lock_guard lock(mutex_);
  if (finished_ || ending_) return Unavailable("the agent of server/" + server() + " is not connected");
  if (queue_.size() >= kMostQueued || queued_bytes_ + message.ByteSizeLong() > kMostQueuedBytes) {
    const Error full = ResourceExhausted("the agent takes its messages too slowly");
    End(full, Ending::kCutOff);
    return Unavailable("the agent of server/" + server() + " takes its messages too slowly; it has to connect again");
  }
  Enqueue(message, false);
  WriteNext();
  return Ok();
}

void AgentSession::WriteNext() {
  if (!welcomed_ || writing_ || finished_ || queue_.empty()) return;
  writing_ = true;
  StartWrite(&queue_.front());
}

void AgentSession::OnWriteDone(bool ok) {
  const std::shared_ptr<AgentSession> keep = shared_from_this();
  const std::lock_guard lock(mutex_);
  writing_ = false;
  queued_bytes_ -= queue_.front().ByteSizeLong();
  queue_.pop_front();
  if (!ok && !ending_) ending_ = Unavailable("the stream is broken");
  if (ending_) {
    FinishNow();
  } else {
    WriteNext();
  }
}

void AgentSession::End(const Error& why, Ending ending) {
  const std::shared_ptr<AgentSession> keep = shared_from_this();
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  if (!ending_) ending_ = why;
  if (!writing_) {
    FinishNow();
  } else if (ending == Ending::kCutOff) {
    context_->TryCancel();
  }
}

void AgentSession::FinishNow() {
  if (finished_) return;
  finished_ = true;
  Finish(ToGrpc(*ending_));
}

void AgentSession::OnCancel() {
  End(Cancelled("the stream was cancelled"));
}

void AgentSession::OnDone() {
  const std::shared_ptr<AgentSession> keep = std::move(self_);
  manager_.Unregister(*this);
  if (greeted_) manager_.control().OnAgentDisconnected(workspace(), server(), number_);
}

}  // namespace podwright::api
