#include "provider/client_backend.h"

#include "client/cancellation.h"
#include "client/control.h"

namespace podwright::provider {

namespace {

// Terraform's cancellation, seen by one call of the client.
class Bridge {
 public:
  explicit Bridge(const sdk::CancellationToken& token)
      : registration_(token.OnCancel([this] { cancellation_.Cancel(); })) {}
  client::CallOptions options() {
    client::CallOptions options;
    options.cancellation = &cancellation_;
    return options;
  }

 private:
  client::Cancellation cancellation_;
  sdk::CancellationToken::Registration registration_;  // after cancellation_: forgotten before it dies
};

class ClientBackend final : public Backend {
 public:
  explicit ClientBackend(std::unique_ptr<client::Control> control) : control_(std::move(control)) {}

  Result<v1::ApplyResponse> Apply(const v1::ApplyRequest& request,
                                  const sdk::CancellationToken& cancellation) override {
    Bridge bridge(cancellation);
    return control_->Apply(request, bridge.options());
  }
  Result<v1::ObjectView> Get(const v1::GetRequest& request, const sdk::CancellationToken& cancellation) override {
    Bridge bridge(cancellation);
    return control_->Get(request, bridge.options());
  }
  Result<v1::Run> AwaitRun(const std::string& workspace, const std::string& run,
                           const std::function<void(const v1::Run&)>& progress,
                           const sdk::CancellationToken& cancellation) override {
    Bridge bridge(cancellation);
    v1::GetRunRequest request;
    request.set_workspace(workspace);
    request.set_id(run);
    return control_->WatchRun(
        request,
        [&progress](const v1::Run& now) {
          progress(now);
          return client::Next::kContinue;
        },
        bridge.options());
  }

 private:
  std::unique_ptr<client::Control> control_;
};

}  // namespace

Result<std::unique_ptr<Backend>> ConnectBackend(const client::Context& context, const std::string& user_agent) {
  PW_ASSIGN(std::unique_ptr<client::Control> control, client::Connect(context, user_agent));
  return std::unique_ptr<Backend>(std::make_unique<ClientBackend>(std::move(control)));
}

}  // namespace podwright::provider
