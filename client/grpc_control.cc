// Control over gRPC.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "client/cancellation.h"
#include "client/control.h"
#include "client/status.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/crypto/peer_chain.h"
#include "core/random.h"
#include "podwright/v1/control.grpc.pb.h"

namespace podwright::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr milliseconds kCallTimeout{60'000};
constexpr milliseconds kLongCallTimeout{300'000};
constexpr milliseconds kFirstBackoff{100};
constexpr milliseconds kLongestBackoff{5'000};
constexpr int kMaxAttempts = 4;  // where the control plane was never reached: the address is probably wrong
constexpr std::chrono::minutes kPatience{2};  // where it was
constexpr int kMaxMessageBytes = 256 << 20;
constexpr int kMaxMetadataBytes = 128 << 10;

enum class Repeat { kNever, kWhileUnavailable };

class GrpcControl final : public Control {
 public:
  GrpcControl(std::string endpoint, std::string token, std::shared_ptr<grpc::Channel> channel)
      : endpoint_(std::move(endpoint)),
        authorization_("Bearer " + std::move(token)),
        stub_(v1::Control::NewStub(std::move(channel))) {}

  Result<v1::ApplyResponse> Apply(v1::ApplyRequest request, const CallOptions& options) override {
    if (request.idempotency_key().empty()) request.set_idempotency_key(random_.Id(26));
    return Unary<v1::ApplyResponse>(&Stub::Apply, request, Long(options), Repeat::kWhileUnavailable);
  }
  Result<v1::ObjectView> Get(const v1::GetRequest& request, const CallOptions& options) override {
    return Unary<v1::ObjectView>(&Stub::Get, request, request.refresh() ? Long(options) : options,
                                 Repeat::kWhileUnavailable);
  }
  Result<v1::ListResponse> List(const v1::ListRequest& request, const CallOptions& options) override {
    return Unary<v1::ListResponse>(&Stub::List, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::ObjectView> Pause(const v1::PauseRequest& request, const CallOptions& options) override {
    return Unary<v1::ObjectView>(&Stub::Pause, request, options, Repeat::kNever);
  }
  // What has gone already is not transferred again.
  Result<v1::TransferResponse> Transfer(const v1::TransferRequest& request, const CallOptions& options) override {
    return Unary<v1::TransferResponse>(&Stub::Transfer, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::Run> GetRun(const v1::GetRunRequest& request, const CallOptions& options) override {
    return Unary<v1::Run>(&Stub::GetRun, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::ListRunsResponse> ListRuns(const v1::ListRunsRequest& request, const CallOptions& options) override {
    return Unary<v1::ListRunsResponse>(&Stub::ListRuns, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::Run> CancelRun(const v1::GetRunRequest& request, const CallOptions& options) override {
    return Unary<v1::Run>(&Stub::CancelRun, request, options, Repeat::kWhileUnavailable);
  }
  // Releasing and approving twice is the same as once.
  Result<v1::Run> ReleaseRun(const v1::GetRunRequest& request, const CallOptions& options) override {
    return Unary<v1::Run>(&Stub::ReleaseRun, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::PendingApproval> Approve(const v1::ApproveRequest& request, const CallOptions& options) override {
    return Unary<v1::PendingApproval>(&Stub::Approve, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::PendingApproval> RevokeApproval(const v1::RevokeApprovalRequest& request,
                                             const CallOptions& options) override {
    return Unary<v1::PendingApproval>(&Stub::RevokeApproval, request, options, Repeat::kNever);
  }
  Result<v1::ListApprovalsResponse> ListApprovals(const v1::ListApprovalsRequest& request,
                                                  const CallOptions& options) override {
    return Unary<v1::ListApprovalsResponse>(&Stub::ListApprovals, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::RetryResponse> Retry(const v1::RetryRequest& request, const CallOptions& options) override {
    return Unary<v1::RetryResponse>(&Stub::Retry, request, options, Repeat::kNever);
  }
  Result<v1::SecretVersion> SetSecret(v1::SetSecretRequest request, const CallOptions& options) override {
    if (request.idempotency_key().empty()) request.set_idempotency_key(random_.Id(26));
    return Unary<v1::SecretVersion>(&Stub::SetSecret, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::SecretVersion> RotateSecret(const v1::RotateSecretRequest& request, const CallOptions& options) override {
    return Unary<v1::SecretVersion>(&Stub::RotateSecret, request, options, Repeat::kNever);
  }
  Result<v1::RevealedSecret> RevealSecret(const v1::RevealSecretRequest& request, const CallOptions& options) override {
    return Unary<v1::RevealedSecret>(&Stub::RevealSecret, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::WhoUsesSecretResponse> WhoUsesSecret(const v1::WhoUsesSecretRequest& request,
                                                  const CallOptions& options) override {
    return Unary<v1::WhoUsesSecretResponse>(&Stub::WhoUsesSecret, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::SealingKey> GetSealingKey(const v1::GetSealingKeyRequest& request, const CallOptions& options) override {
    return Unary<v1::SealingKey>(&Stub::GetSealingKey, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::SourceView> GetSource(const v1::SourceRequest& request, const CallOptions& options) override {
    return Unary<v1::SourceView>(&Stub::GetSource, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::ListSourcesResponse> ListSources(const v1::ListSourcesRequest& request,
                                              const CallOptions& options) override {
    return Unary<v1::ListSourcesResponse>(&Stub::ListSources, request, options, Repeat::kWhileUnavailable);
  }
  // Looking, suspending and pinning twice is the same as once.
  Result<v1::SourceView> SyncSource(const v1::SourceRequest& request, const CallOptions& options) override {
    return Unary<v1::SourceView>(&Stub::SyncSource, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::SourceView> SuspendSource(const v1::SuspendSourceRequest& request, const CallOptions& options) override {
    return Unary<v1::SourceView>(&Stub::SuspendSource, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::SourceView> PinSource(const v1::PinSourceRequest& request, const CallOptions& options) override {
    return Unary<v1::SourceView>(&Stub::PinSource, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::PullRequestView> GetPullRequest(const v1::PullRequestRequest& request,
                                             const CallOptions& options) override {
    return Unary<v1::PullRequestView>(&Stub::GetPullRequest, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::SourceView> ReleaseSource(const v1::SourceRequest& request, const CallOptions& options) override {
    return Unary<v1::SourceView>(&Stub::ReleaseSource, request, options, Repeat::kNever);
  }

  Result<v1::CreateTokenResponse> CreateToken(const v1::CreateTokenRequest& request,
                                              const CallOptions& options) override {
    return Unary<v1::CreateTokenResponse>(&Stub::CreateToken, request, options, Repeat::kNever);
  }
  Result<v1::ListTokensResponse> ListTokens(const CallOptions& options) override {
    return Unary<v1::ListTokensResponse>(&Stub::ListTokens, v1::ListTokensRequest(), options,
                                         Repeat::kWhileUnavailable);
  }
  Status RevokeToken(const v1::RevokeTokenRequest& request, const CallOptions& options) override {
    PW_TRY(Unary<v1::RevokeTokenResponse>(&Stub::RevokeToken, request, options, Repeat::kWhileUnavailable));
    return Ok();
  }
  Result<v1::CreateEnrolmentTokenResponse> CreateEnrolmentToken(const v1::CreateEnrolmentTokenRequest& request,
                                                                const CallOptions& options) override {
    return Unary<v1::CreateEnrolmentTokenResponse>(&Stub::CreateEnrolmentToken, request, options, Repeat::kNever);
  }
  Result<v1::ListAgentsResponse> ListAgents(const v1::ListAgentsRequest& request, const CallOptions& options) override {
    return Unary<v1::ListAgentsResponse>(&Stub::ListAgents, request, options, Repeat::kWhileUnavailable);
  }
  Status RevokeAgent(const v1::RevokeAgentRequest& request, const CallOptions& options) override {
    PW_TRY(Unary<v1::RevokeAgentResponse>(&Stub::RevokeAgent, request, options, Repeat::kWhileUnavailable));
    return Ok();
  }
  Result<v1::ListAuditResponse> ListAudit(const v1::ListAuditRequest& request, const CallOptions& options) override {
    return Unary<v1::ListAuditResponse>(&Stub::ListAudit, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::VerifyAuditResponse> VerifyAudit(const v1::VerifyAuditRequest& request,
                                              const CallOptions& options) override {
    return Unary<v1::VerifyAuditResponse>(&Stub::VerifyAudit, request, Long(options), Repeat::kWhileUnavailable);
  }
  Result<v1::ListMachinesResponse> ListMachines(const CallOptions& options) override {
    return Unary<v1::ListMachinesResponse>(&Stub::ListMachines, v1::ListMachinesRequest(), options,
                                           Repeat::kWhileUnavailable);
  }
  Result<v1::MachineShellResponse> MachineShell(const v1::MachineShellRequest& request,
                                                const CallOptions& options) override {
    return Unary<v1::MachineShellResponse>(&Stub::MachineShell, request, options, Repeat::kWhileUnavailable);
  }
  Result<v1::Info> GetInfo(const CallOptions& options) override {
    return Unary<v1::Info>(&Stub::GetInfo, v1::GetInfoRequest(), options, Repeat::kWhileUnavailable);
  }

  Result<v1::Run> WatchRun(const v1::GetRunRequest& request, const std::function<Next(const v1::Run&)>& on_run,
                           const CallOptions& options) override {
    std::optional<v1::Run> last;
    PW_TRY(Follow<v1::Run>([&](grpc::ClientContext* context) { return stub_->WatchRun(context, request); },
                           [&](v1::Run& run) {
                             const Next next = on_run(run);
                             last = std::move(run);
                             return next;
                           },
                           options));
    if (!last) return Unavailable("the control plane at " + endpoint_ + " ended the stream without the run's state");
    return *std::move(last);
  }

  // Several events may have one revision. A broken stream begins again at the revision of the last event,
  // and what was seen of it is left out.
  Status Events(v1::EventsRequest request, const std::function<Next(const v1::Event&)>& on_event,
                const CallOptions& options) override {
    std::int64_t last = 0;  // the revision of the event that was seen last
    std::int64_t seen = 0;  // events of it that were seen
    while (true) {
      bool stopped = false;
      std::int64_t skip = 0;
      PW_TRY(Follow<v1::Event>(
          [&](grpc::ClientContext* context) {
            if (last > 0) request.set_from_revision(last);
            skip = seen;
            return stub_->Events(context, request);
          },
          [&](v1::Event& event) {
            if (event.revision() == last && skip > 0) {
              --skip;
              return Next::kContinue;
            }
            seen = event.revision() == last ? seen + 1 : 1;
            last = event.revision();
            const Next next = on_event(event);
            stopped = next == Next::kStop;
            return next;
          },
          options));
      if (stopped || !request.follow()) return Ok();
      PW_TRY(Wait(kFirstBackoff, options));
    }
  }

 private:
  using Stub = v1::Control::Stub;

  static CallOptions Long(CallOptions options) {
    if (options.timeout.count() == 0) options.timeout = kLongCallTimeout;
    return options;
  }

  void Prepare(grpc::ClientContext& context) const { context.AddMetadata("authorization", authorization_); }

  // Nobody there, or a connection that broke: gRPC says UNKNOWN for what became unreadable, podwrightd never does.
  static bool IsBroken(const grpc::Status& status) {
    return status.error_code() == grpc::StatusCode::UNAVAILABLE || status.error_code() == grpc::StatusCode::UNKNOWN;
  }

  Error Explain(const grpc::Status& status, const CallOptions& options) const {
    if (options.cancellation != nullptr && options.cancellation->cancelled()) return Cancelled("cancelled");
    Error error = FromGrpc(status);
    if (error.code() == ErrorCode::kUnavailable) return Unavailable(WhyUnreached(error.message()));
    if (error.code() == ErrorCode::kUnauthenticated) {
      return Unauthenticated("the control plane at " + endpoint_ + " does not accept the token: " + error.message() +
                             ". Make one with `podwright token create`, and set it as `token`, as PODWRIGHT_TOKEN or "
                             "in the context");
    }
    if (error.code() == ErrorCode::kUnknown) {
      return Unavailable("the connection to the control plane at " + endpoint_ +
                         " broke, or what answers there is none: " + error.message());
    }
    if (error.code() == ErrorCode::kDeadlineExceeded) {
      return DeadlineExceeded("the control plane at " + endpoint_ + " did not answer in time");
    }
    return error;
  }

  std::string WhyUnreached(const std::string& message) const {
    if (IsForeign(message)) {
      return "what answers as the control plane at " + endpoint_ +
             " is not the one of the CA that is set: check the endpoint, and the CA or its fingerprint "
             "(`podwrightd` writes both into its context file): " +
             message;
    }
    if (message.find("handshake failed") != std::string::npos) {
      return "what answers as the control plane at " + endpoint_ +
             " is none, or something between breaks the connection (is podwrightd's API there?): " + message;
    }
    return "cannot reach the control plane at " + endpoint_ + " (is podwrightd running there?): " + message;
  }

  // A certificate of another CA. It stays so, however often one asks.
  static bool IsForeign(const std::string& message) {
    return message.find("certificate verify failed") != std::string::npos ||
           message.find("CERTIFICATE_VERIFY_FAILED") != std::string::npos;
  }

  // What a call has seen of a control plane that is away.
  struct Outage {
    int attempts = 0;
    steady_clock::time_point since = steady_clock::now();  // of the first attempt that failed
  };

  // A call that got onto a connection has its peer's address, whatever became of it.
  void NoteReached(const grpc::ClientContext& context, const grpc::Status& status) {
    const std::string peer = context.peer();
    if (status.ok() || peer.starts_with("ipv4:") || peer.starts_with("ipv6:")) reached_ = true;
  }

  milliseconds Patience(const CallOptions& options) const {
    return options.retry_for.count() > 0 ? options.retry_for : reached_ ? milliseconds(kPatience) : milliseconds(0);
  }

  bool WorthWaiting(Outage& outage, const grpc::Status& status, const CallOptions& options) const {
    if (!IsBroken(status) || IsForeign(status.error_message())) return false;
    if (options.cancellation != nullptr && options.cancellation->cancelled()) return false;
    if (++outage.attempts == 1) outage.since = steady_clock::now();
    const milliseconds patience = Patience(options);
    return patience.count() > 0 ? steady_clock::now() - outage.since < patience : outage.attempts < kMaxAttempts;
  }

  milliseconds NextWait(const Outage& outage, const CallOptions& options) {
    const milliseconds patience = Patience(options);
    if (outage.attempts == 2 && patience.count() > 0 && options.on_outage) {
      options.on_outage("the control plane at " + endpoint_ + " is away; trying again for up to " +
                        std::to_string(patience.count() / 1000) + " seconds");
    }
    return Backoff(outage.attempts);
  }

  // Full jitter, so that many clients do not come back together.
  milliseconds Backoff(int attempt) {
    const std::int64_t ceiling =
        std::min<std::int64_t>(kFirstBackoff.count() << std::min(attempt, 10), kLongestBackoff.count());
    return milliseconds(ceiling / 2 + static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(ceiling))));
  }

  static Status Wait(milliseconds duration, const CallOptions& options) {
    if (options.cancellation == nullptr) {
      std::this_thread::sleep_for(duration);
    } else if (options.cancellation->WaitFor(duration)) {
      return Cancelled("cancelled");
    }
    return Ok();
  }

  template <typename Response, typename Request>
  Result<Response> Unary(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                         const Request& request, const CallOptions& options, Repeat repeat) {
    const milliseconds timeout = options.timeout.count() > 0 ? options.timeout : kCallTimeout;
    const bool patient = options.retry_for.count() > 0;
    auto deadline = system_clock::now() + timeout;
    Outage outage;
    while (true) {
      grpc::ClientContext context;
      Prepare(context);
      context.set_deadline(deadline);
      Response response;
      grpc::Status status;
      {
        std::optional<Cancellation::Registration> registration;
        if (options.cancellation != nullptr) {
          registration.emplace(*options.cancellation, [&context] { context.TryCancel(); });
        }
        status = (stub_.get()->*method)(&context, request, &response);
      }
      NoteReached(context, status);
      if (status.ok()) return response;
      if (repeat == Repeat::kNever || !WorthWaiting(outage, status, options)) return Explain(status, options);
      const milliseconds wait = NextWait(outage, options);
      if (patient) deadline = system_clock::now() + wait + timeout;
      if (system_clock::now() + wait >= deadline) return Explain(status, options);
      PW_TRY(Wait(wait, options));
    }
  }

  // Reads a stream to its end; opens it again, with backoff, when it breaks after having worked.
  template <typename Message, typename Open, typename Reader>
  Status Follow(const Open& open, const Reader& reader, const CallOptions& options) {
    Outage outage;
    while (true) {
      grpc::ClientContext context;
      Prepare(context);
      std::optional<Cancellation::Registration> registration;
      if (options.cancellation != nullptr) {
        registration.emplace(*options.cancellation, [&context] { context.TryCancel(); });
      }
      auto stream = open(&context);
      Message message;
      bool stopped = false;
      while (!stopped && stream->Read(&message)) {
        outage = {};
        stopped = reader(message) == Next::kStop;
      }
      if (stopped) context.TryCancel();
      const grpc::Status status = stream->Finish();
      NoteReached(context, status);
      if (stopped || status.ok()) return Ok();
      if (!WorthWaiting(outage, status, options)) return Explain(status, options);
      PW_TRY(Wait(NextWait(outage, options), options));
    }
  }

  const std::string endpoint_;
  const std::string authorization_;
  const std::unique_ptr<Stub> stub_;
  SystemRandom random_;
  std::atomic<bool> reached_{false};
};

// The CA's certificate as PEM, learnt from the server and compared with the fingerprint that is known.
Result<std::string> FetchCa(const std::string& endpoint, const std::string& fingerprint) {
  PW_ASSIGN(const Address address, ParseAddress(endpoint, kDefaultPort));
  SystemClock clock;
  const auto root = crypto::FetchRoot(address, fingerprint, clock.Now(), std::chrono::seconds(10));
  if (!root.ok()) return root.error().Wrap("the CA of " + endpoint);
  return root->Pem();
}

}  // namespace

Result<std::unique_ptr<Control>> Connect(const Context& context, const std::string& user_agent) {
  PW_ASSIGN(const std::string endpoint, NormalizeEndpoint(context.endpoint));
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = context.ca_pem;
  if (tls.pem_root_certs.empty()) {
    if (context.ca_fingerprint.empty()) return FailedPrecondition("no CA to recognise the control plane by");
    PW_ASSIGN(tls.pem_root_certs, FetchCa(endpoint, context.ca_fingerprint));
  }
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(user_agent);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  // The channel's own waits must not outlast ours, or our tries would only be told of its last one.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 3'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // A channel of its own for every Connect: tokens differ, and so may the CA behind one address.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel(endpoint, grpc::SslCredentials(tls), arguments);
  return std::unique_ptr<Control>(std::make_unique<GrpcControl>(endpoint, context.token, std::move(channel)));
}

}  // namespace podwright::client
