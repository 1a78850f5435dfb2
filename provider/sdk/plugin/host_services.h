// go-plugin's own services: controller and broker (stdio is in a file of its own). On gRPC's callback API, so that the
// streams, which stay open as long as the host lives, hold no threads.
#pragma once

#include "provider/sdk/plugin/stop_signal.h"
#include "tfplugin/grpc_broker.grpc.pb.h"
#include "tfplugin/grpc_controller.grpc.pb.h"

namespace podwright::sdk::plugin {

// Shutdown asks the process to end, unless it serves several hosts one after another (debugging).
class ControllerService final : public ::plugin::GRPCController::CallbackService {
 public:
  explicit ControllerService(bool stoppable) : stoppable_(stoppable) {}
  grpc::ServerUnaryReactor* Shutdown(grpc::CallbackServerContext* context, const ::plugin::Empty* request,
                                     ::plugin::Empty* response) override;

 private:
  const bool stoppable_;
};

// No further connections are made here; a knock is answered so.
class BrokerService final : public ::plugin::GRPCBroker::CallbackService {
 public:
  grpc::ServerBidiReactor<::plugin::ConnInfo, ::plugin::ConnInfo>* StartStream(
      grpc::CallbackServerContext* context) override;
};

}  // namespace podwright::sdk::plugin
