// One stream of the service Agents, on gRPC's callback API. Messages are queued and written one after
// the other; when the queue grows too long the stream is given up, since the next Hello tells everything.
//
// Threading: Send and Cancel from any thread; the handler is called on gRPC's threads, one at a time.
// Ownership: the object must live until Wait answered.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "podwright/v1/agent.grpc.pb.h"

namespace podwright::agent {

class AgentStream final : public grpc::ClientBidiReactor<v1::AgentMessage, v1::ControlMessage> {
 public:
  using Handler = std::function<void(v1::ControlMessage)>;
  static constexpr std::size_t kMaxQueue = 5000;

  explicit AgentStream(Handler handler) : handler_(std::move(handler)) {}

  void Start(v1::Agents::StubInterface& stub);
  void Send(v1::AgentMessage message);
  void Cancel() { context_.TryCancel(); }
  // The end of the stream, once it has come.
  std::optional<grpc::Status> Wait(std::chrono::milliseconds limit);
  // The control plane said something: the stream is up.
  bool Heard();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  const Handler handler_;
  grpc::ClientContext context_;
  v1::ControlMessage incoming_;  // of the read that is under way

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::AgentMessage> queue_;  // protected by mutex_, as all below; its front is being written
  bool writing_ = false;
  bool heard_ = false;
  bool closing_ = false;  // nothing may be written any more
  std::optional<grpc::Status> ended_;
};

}  // namespace podwright::agent
