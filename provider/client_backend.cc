#include "provider/client_backend.h"

#include <algorithm>

#include "client/cancellation.h"
#include "client/control.h"
#include "core/random.h"
#include "provider/sdk/log.h"

namespace podwright::provider {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstWait{200};
constexpr milliseconds kLongestWait{5'000};
constexpr milliseconds kImpatient{5'000};
constexpr milliseconds kBrief{2'000};  // after an interruption, or when the patience is already used up

void LogOutage(const std::string& what) {
  sdk::Log(sdk::LogLevel::kWarn, "the control plane is away", {{"what", what}});
}

// Terraform's cancellation, seen by one call of the client.
class Bridge {
 public:
  Bridge(const Call& call, milliseconds retry_for)
      : registration_(call.cancellation.OnCancel([this] { cancellation_.Cancel(); })) {
    options_.cancellation = &cancellation_;
    options_.timeout = call.timeout;
    options_.retry_for = call.patient                ? retry_for
                         : call.timeout.count() == 0 ? std::min(retry_for, kImpatient)
                                                     : std::min(retry_for, kBrief);
    options_.on_outage = LogOutage;
  }
  const client::CallOptions& options() const { return options_; }

 private:
  client::Cancellation cancellation_;
  client::CallOptions options_;
  sdk::CancellationToken::Registration registration_;  // after cancellation_: forgotten before it dies
};

class ClientBackend final : public Backend {
 public:
  ClientBackend(std::unique_ptr<client::Control> control, milliseconds retry_for)
      : control_(std::move(control)), retry_for_(retry_for) {}

  Result<v1::ApplyResponse> Apply(const v1::ApplyRequest& request, const Call& call) override {
    const Bridge bridge(call, retry_for_);
    return control_->Apply(request, bridge.options());
  }
  Result<v1::ObjectView> Get(const v1::GetRequest& request, const Call& call) override {
    const Bridge bridge(call, retry_for_);
    return control_->Get(request, bridge.options());
  }
  Result<v1::ListResponse> List(const v1::ListRequest& request, const Call& call) override {
    const Bridge bridge(call, retry_for_);
    return control_->List(request, bridge.options());
  }
  Result<v1::RevealedSecret> RevealSecret(const v1::RevealSecretRequest& request, const Call& call) override {
    const Bridge bridge(call, retry_for_);
    return control_->RevealSecret(request, bridge.options());
  }
  Result<v1::Run> AwaitRun(const std::string& workspace, const std::string& run,
                           const std::function<void(const v1::Run&)>& progress, const Call& call) override {
    Call patient = call;
    patient.patient = true;
    const Bridge bridge(patient, retry_for_);
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
  const std::unique_ptr<client::Control> control_;
  const milliseconds retry_for_;
};

}  // namespace

Result<std::unique_ptr<Backend>> ConnectBackend(const client::Context& context, const ConnectOptions& options) {
  SystemRandom random;
  const auto last_try = steady_clock::now() + std::min(options.retry_for, kImpatient);
  // Connecting asks the network only where the CA has to be fetched.
  for (milliseconds ceiling = kFirstWait;; ceiling = std::min(2 * ceiling, kLongestWait)) {
    Result<std::unique_ptr<client::Control>> control = client::Connect(context, options.user_agent);
    if (control.ok()) {
      return std::unique_ptr<Backend>(std::make_unique<ClientBackend>(std::move(*control), options.retry_for));
    }
    const milliseconds wait =
        ceiling / 2 + milliseconds(random.Below(static_cast<std::uint64_t>(ceiling.count()) / 2 + 1));
    if (control.error().code() != ErrorCode::kUnavailable || steady_clock::now() + wait >= last_try) {
      return control.error();
    }
    LogOutage(control.error().message());
    if (options.cancellation.WaitFor(wait)) return Cancelled("interrupted");
  }
}

}  // namespace podwright::provider
