// The control plane's API for programs of ours: the CLI, the provider, tests.
//
// Control is the interface; Connect() gives the one that speaks gRPC with TLS and a token, with deadlines
// and jittered retries. Reads are tried again while the control plane is unavailable, and so is what carries
// an idempotency key (Apply and SetSecret get one when the caller left it empty); nothing else is. A control
// plane that was reached before is waited for longer (its host may restart) than one that never was.
//
// Threading: all methods may be called from any thread, several at once.
// Errors: those of the control plane with its own words; unavailable names the endpoint.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "client/context.h"
#include "core/result.h"

namespace podwright::v1 {
class ApplyRequest;
class ApplyResponse;
class CreateEnrolmentTokenRequest;
class CreateEnrolmentTokenResponse;
class CreateTokenRequest;
class CreateTokenResponse;
class Event;
class EventsRequest;
class GetRequest;
class GetRunRequest;
class Info;
class ListAgentsRequest;
class ListAgentsResponse;
class ListAuditRequest;
class ListAuditResponse;
class ListMachinesResponse;
class ListRequest;
class ListResponse;
class ListRunsRequest;
class ListRunsResponse;
class ListSourcesRequest;
class ListSourcesResponse;
class ListTokensResponse;
class MachineShellRequest;
class MachineShellResponse;
class ObjectView;
class PauseRequest;
class PinSourceRequest;
class PullRequestRequest;
class PullRequestView;
class RetryRequest;
class ApproveRequest;
class ListApprovalsRequest;
class ListApprovalsResponse;
class PendingApproval;
class RevokeApprovalRequest;
class RetryResponse;
class RevokeAgentRequest;
class RevokeTokenRequest;
class RevealSecretRequest;
class GetSealingKeyRequest;
class RevealedSecret;
class RotateSecretRequest;
class SealingKey;
class TransferRequest;
class TransferResponse;
class WhoUsesSecretRequest;
class WhoUsesSecretResponse;
class Run;
class SecretVersion;
class SetSecretRequest;
class SourceRequest;
class SourceView;
class SuspendSourceRequest;
class VerifyAuditRequest;
class VerifyAuditResponse;
}  // namespace podwright::v1

namespace podwright::client {

class Cancellation;

struct CallOptions {
  // For the call with all its retries; streams have none. 0: 60 s, Apply and Get with refresh 5 minutes.
  std::chrono::milliseconds timeout{0};
  // Not 0: so long a control plane that is away is tried again where that is safe, reached before or not, and every
  // try has the whole timeout.
  std::chrono::milliseconds retry_for{0};
  Cancellation* cancellation = nullptr;  // borrowed; may be null
  // Told once for each outage that the call waits out, on the caller's thread. May be empty.
  std::function<void(const std::string& what)> on_outage{};
};

// What a stream's reader answers to every message.
enum class Next { kContinue, kStop };

class Control {
 public:
  virtual ~Control() = default;

  virtual Result<v1::ApplyResponse> Apply(v1::ApplyRequest request, const CallOptions& options = {}) = 0;
  virtual Result<v1::ObjectView> Get(const v1::GetRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::ListResponse> List(const v1::ListRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::ObjectView> Pause(const v1::PauseRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::TransferResponse> Transfer(const v1::TransferRequest& request,
                                                const CallOptions& options = {}) = 0;

  virtual Result<v1::Run> GetRun(const v1::GetRunRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::ListRunsResponse> ListRuns(const v1::ListRunsRequest& request,
                                                const CallOptions& options = {}) = 0;
  // Calls `on_run` with the run's present state and with each that follows, on the caller's thread; answers
  // the last one: the end of the run, or where the reader stopped. Connects again when the stream breaks.
  virtual Result<v1::Run> WatchRun(const v1::GetRunRequest& request, const std::function<Next(const v1::Run&)>& on_run,
                                   const CallOptions& options = {}) = 0;
  virtual Result<v1::Run> CancelRun(const v1::GetRunRequest& request, const CallOptions& options = {}) = 0;
  // Lets a run that waits for a window go now.
  virtual Result<v1::Run> ReleaseRun(const v1::GetRunRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::PendingApproval> Approve(const v1::ApproveRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::PendingApproval> RevokeApproval(const v1::RevokeApprovalRequest& request,
                                                     const CallOptions& options = {}) = 0;
  virtual Result<v1::ListApprovalsResponse> ListApprovals(const v1::ListApprovalsRequest& request,
                                                          const CallOptions& options = {}) = 0;
  virtual Result<v1::RetryResponse> Retry(const v1::RetryRequest& request, const CallOptions& options = {}) = 0;

  // The events in the order of their revisions. With `follow` it connects again where a stream broke, and
  // ends by the reader's answer or by cancellation only.
  virtual Status Events(v1::EventsRequest request, const std::function<Next(const v1::Event&)>& on_event,
                        const CallOptions& options = {}) = 0;

  virtual Result<v1::SecretVersion> SetSecret(v1::SetSecretRequest request, const CallOptions& options = {}) = 0;
  virtual Result<v1::SecretVersion> RotateSecret(const v1::RotateSecretRequest& request,
                                                 const CallOptions& options = {}) = 0;
  // The value: keep it in memory, log nothing of it.
  virtual Result<v1::RevealedSecret> RevealSecret(const v1::RevealSecretRequest& request,
                                                  const CallOptions& options = {}) = 0;

  virtual Result<v1::WhoUsesSecretResponse> WhoUsesSecret(const v1::WhoUsesSecretRequest& request,
                                                          const CallOptions& options = {}) = 0;
  virtual Result<v1::SealingKey> GetSealingKey(const v1::GetSealingKeyRequest& request,
                                               const CallOptions& options = {}) = 0;
  virtual Result<v1::SourceView> GetSource(const v1::SourceRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::ListSourcesResponse> ListSources(const v1::ListSourcesRequest& request,
                                                      const CallOptions& options = {}) = 0;
  virtual Result<v1::SourceView> SyncSource(const v1::SourceRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::SourceView> SuspendSource(const v1::SuspendSourceRequest& request,
                                               const CallOptions& options = {}) = 0;
  virtual Result<v1::SourceView> PinSource(const v1::PinSourceRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::SourceView> ReleaseSource(const v1::SourceRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::PullRequestView> GetPullRequest(const v1::PullRequestRequest& request,
                                                     const CallOptions& options = {}) = 0;

  virtual Result<v1::CreateTokenResponse> CreateToken(const v1::CreateTokenRequest& request,
                                                      const CallOptions& options = {}) = 0;
  virtual Result<v1::ListTokensResponse> ListTokens(const CallOptions& options = {}) = 0;
  virtual Status RevokeToken(const v1::RevokeTokenRequest& request, const CallOptions& options = {}) = 0;
  virtual Result<v1::CreateEnrolmentTokenResponse> CreateEnrolmentToken(const v1::CreateEnrolmentTokenRequest& request,
                                                                        const CallOptions& options = {}) = 0;
  virtual Result<v1::ListAgentsResponse> ListAgents(const v1::ListAgentsRequest& request,
                                                    const CallOptions& options = {}) = 0;
  virtual Status RevokeAgent(const v1::RevokeAgentRequest& request, const CallOptions& options = {}) = 0;

  virtual Result<v1::ListAuditResponse> ListAudit(const v1::ListAuditRequest& request,
                                                  const CallOptions& options = {}) = 0;
  virtual Result<v1::VerifyAuditResponse> VerifyAudit(const v1::VerifyAuditRequest& request,
                                                      const CallOptions& options = {}) = 0;

  virtual Result<v1::ListMachinesResponse> ListMachines(const CallOptions& options = {}) = 0;
  virtual Result<v1::MachineShellResponse> MachineShell(const v1::MachineShellRequest& request,
                                                        const CallOptions& options = {}) = 0;
  virtual Result<v1::Info> GetInfo(const CallOptions& options = {}) = 0;
};

// Makes no connection yet, but for a context without the CA's certificate: then it is fetched and compared
// with the fingerprint. `user_agent` is "podwright-cli/0.1.0".
Result<std::unique_ptr<Control>> Connect(const Context& context, const std::string& user_agent);

}  // namespace podwright::client
