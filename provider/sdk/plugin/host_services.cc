#include "provider/sdk/plugin/host_services.h"

namespace podwright::sdk::plugin {
namespace {

// gRPC owns the reactor until OnDone, where it deletes itself.
class BrokerStream final : public grpc::ServerBidiReactor<::plugin::ConnInfo, ::plugin::ConnInfo> {
 public:
  BrokerStream() { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    if (!request_.knock().knock()) return StartRead(&request_);
    reply_.set_service_id(request_.service_id());
    reply_.mutable_knock()->set_error("this plugin offers no further connections");
    StartWrite(&reply_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  ::plugin::ConnInfo request_;
  ::plugin::ConnInfo reply_;
};

}  // namespace

grpc::ServerUnaryReactor* ControllerService::Shutdown(grpc::CallbackServerContext* context, const ::plugin::Empty*,
                                                      ::plugin::Empty*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  if (stoppable_) StopSignal::Instance().Raise(StopReason::kShutdown);
  return reactor;
}

grpc::ServerBidiReactor<::plugin::ConnInfo, ::plugin::ConnInfo>* BrokerService::StartStream(
    grpc::CallbackServerContext*) {
  return new BrokerStream;
}

}  // namespace podwright::sdk::plugin
