#include "agent/session/agent_stream.h"

namespace podwright::agent {

void AgentStream::Start(v1::Agents::StubInterface& stub) {
  static_cast<v1::Agents::Stub&>(stub).async()->Session(&context_, this);
  AddHold();  // Send writes from other threads: OnDone waits for the end of the reads
  StartRead(&incoming_);
  StartCall();
}

void AgentStream::Send(v1::AgentMessage message) {
  std::lock_guard lock(mutex_);
  if (closing_) return;
  if (queue_.size() >= kMaxQueue) {
    context_.TryCancel();
    return;
  }
  queue_.push_back(std::move(message));
  if (writing_) return;
  writing_ = true;
  StartWrite(&queue_.front());
}

void AgentStream::OnWriteDone(bool ok) {
  std::lock_guard lock(mutex_);
  queue_.pop_front();
  // After a failed write the stream ends by itself: OnDone tells why.
  writing_ = ok && !closing_ && !queue_.empty();
  if (writing_) StartWrite(&queue_.front());
}

void AgentStream::OnReadDone(bool ok) {
  if (!ok) {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    RemoveHold();
    return;
  }
  {
    std::lock_guard lock(mutex_);
    heard_ = true;
    changed_.notify_all();
  }
  handler_(std::move(incoming_));
  incoming_.Clear();
  StartRead(&incoming_);
}

void AgentStream::OnDone(const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  ended_ = status;
  changed_.notify_all();
}

std::optional<grpc::Status> AgentStream::Wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return ended_.has_value(); });
  return ended_;
}

bool AgentStream::Heard() {
  std::lock_guard lock(mutex_);
  return heard_;
}

}  // namespace podwright::agent
