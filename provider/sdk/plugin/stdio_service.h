// go-plugin's stdio: the host's stream of what the provider's own code prints to stdout. What it prints to stderr the
// host reads there. On gRPC's callback API, so that the stream, which stays open as long as the host lives, holds no
// thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "tfplugin/grpc_stdio.grpc.pb.h"

namespace podwright::sdk::plugin {

class StdioService final : public ::plugin::GRPCStdio::CallbackService {
 public:
  // Where it is stoppable, the end of the host's stream tells that the host has gone.
  explicit StdioService(bool stoppable) : stoppable_(stoppable) {}

  grpc::ServerWriteReactor<::plugin::StdioData>* StreamStdio(grpc::CallbackServerContext* context,
                                                             const google::protobuf::Empty* request) override;

  // Sends what was printed; what the host has not asked for yet is kept, a mebibyte at most. Any thread.
  void Send(std::string_view bytes);

 private:
  class Stream;

  const bool stoppable_;
  std::mutex mutex_;
  std::string pending_;             // protected by mutex_
  bool dropped_ = false;            // protected by mutex_; it has been said that something is lost
  std::shared_ptr<Stream> stream_;  // protected by mutex_; shared with gRPC, which may be done with it first
};

}  // namespace podwright::sdk::plugin
