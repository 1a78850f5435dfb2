// The service Control over gRPC: translation only. Each call: token → caller, request → control plane, answer
// or error → status. One file a group of methods: objects.cc, transfers.cc, runs.cc, events.cc, secrets.cc, sources.cc,
// tokens.cc, agents_admin.cc, audit.cc, machines.cc.
//
// Threading: gRPC's sync threads; streams hold one each, so there are at most kMostStreams.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "podwright/v1/control.grpc.pb.h"
#include "reconciler/api/authenticator.h"
#include "reconciler/api/call_counter.h"
#include "reconciler/api/status.h"
#include "reconciler/control/caller.h"

namespace podwright {
class Clock;
namespace auth {
class ApiTokens;
class AuditLog;
class EnrolmentTokens;
}  // namespace auth
namespace ca {
class CertificateAuthority;
}
namespace control {
class ControlPlane;
}
namespace kinds {
class Registry;
}
namespace previews {
class Previews;
}
namespace sources {
class Sources;
}
}  // namespace podwright

namespace podwright::api {

class AgentDirectory;
class SessionManager;

// The program and arguments that lead into a server's machine, to be run on this host.
using MachineShells = std::function<Result<std::vector<std::string>>(const std::string& workspace,
                                                                     const std::string& server, bool terminal)>;

// All must outlive the service.
struct ServiceDependencies {
  control::ControlPlane& control;
  const kinds::Registry& kinds;
  Clock& clock;
  auth::ApiTokens& tokens;
  auth::EnrolmentTokens& enrolment;
  auth::AuditLog& audit;
  ca::CertificateAuthority& authority;
  AgentDirectory& agents;
  SessionManager& sessions;
  Authenticator& authenticator;
  CallCounter& calls;
  MachineShells shells;
  std::string installation;
  std::string agents_address;              // as servers reach it
  sources::Sources* sources = nullptr;     // null: none are watched here
  previews::Previews* previews = nullptr;  // null: no pull requests are answered here
};

class ControlService final : public v1::Control::Service {
 public:
  static constexpr int kMostStreams = 64;

  explicit ControlService(ServiceDependencies dependencies) : d_(std::move(dependencies)) {}
  // Ends the streams within a second; what begins afterwards ends at once.
  void Stop() { stopping_ = true; }

  using Context = grpc::ServerContext;
  template <typename T>
  using Writer = grpc::ServerWriter<T>;

  grpc::Status Apply(Context*, const v1::ApplyRequest*, v1::ApplyResponse*) override;
  grpc::Status Get(Context*, const v1::GetRequest*, v1::ObjectView*) override;
  grpc::Status List(Context*, const v1::ListRequest*, v1::ListResponse*) override;
  grpc::Status Pause(Context*, const v1::PauseRequest*, v1::ObjectView*) override;
  grpc::Status Transfer(Context*, const v1::TransferRequest*, v1::TransferResponse*) override;

  grpc::Status GetRun(Context*, const v1::GetRunRequest*, v1::Run*) override;
  grpc::Status ListRuns(Context*, const v1::ListRunsRequest*, v1::ListRunsResponse*) override;
  grpc::Status WatchRun(Context*, const v1::GetRunRequest*, Writer<v1::Run>*) override;
  grpc::Status CancelRun(Context*, const v1::GetRunRequest*, v1::Run*) override;
  grpc::Status ReleaseRun(Context*, const v1::GetRunRequest*, v1::Run*) override;
  grpc::Status Approve(Context*, const v1::ApproveRequest*, v1::PendingApproval*) override;
  grpc::Status RevokeApproval(Context*, const v1::RevokeApprovalRequest*, v1::PendingApproval*) override;
  grpc::Status ListApprovals(Context*, const v1::ListApprovalsRequest*, v1::ListApprovalsResponse*) override;
  grpc::Status Retry(Context*, const v1::RetryRequest*, v1::RetryResponse*) override;

  grpc::Status Events(Context*, const v1::EventsRequest*, Writer<v1::Event>*) override;

  grpc::Status SetSecret(Context*, const v1::SetSecretRequest*, v1::SecretVersion*) override;
  grpc::Status RotateSecret(Context*, const v1::RotateSecretRequest*, v1::SecretVersion*) override;
  grpc::Status WhoUsesSecret(Context*, const v1::WhoUsesSecretRequest*, v1::WhoUsesSecretResponse*) override;
  grpc::Status GetSealingKey(Context*, const v1::GetSealingKeyRequest*, v1::SealingKey*) override;
  grpc::Status RevealSecret(Context*, const v1::RevealSecretRequest*, v1::RevealedSecret*) override;

  grpc::Status GetSource(Context*, const v1::SourceRequest*, v1::SourceView*) override;
  grpc::Status ListSources(Context*, const v1::ListSourcesRequest*, v1::ListSourcesResponse*) override;
  grpc::Status GetPullRequest(Context*, const v1::PullRequestRequest*, v1::PullRequestView*) override;
  grpc::Status SyncSource(Context*, const v1::SourceRequest*, v1::SourceView*) override;
  grpc::Status SuspendSource(Context*, const v1::SuspendSourceRequest*, v1::SourceView*) override;
  grpc::Status PinSource(Context*, const v1::PinSourceRequest*, v1::SourceView*) override;
  grpc::Status ReleaseSource(Context*, const v1::SourceRequest*, v1::SourceView*) override;

  grpc::Status CreateToken(Context*, const v1::CreateTokenRequest*, v1::CreateTokenResponse*) override;
  grpc::Status ListTokens(Context*, const v1::ListTokensRequest*, v1::ListTokensResponse*) override;
  grpc::Status RevokeToken(Context*, const v1::RevokeTokenRequest*, v1::RevokeTokenResponse*) override;
  grpc::Status CreateEnrolmentToken(Context*, const v1::CreateEnrolmentTokenRequest*,
                                    v1::CreateEnrolmentTokenResponse*) override;

  grpc::Status ListAgents(Context*, const v1::ListAgentsRequest*, v1::ListAgentsResponse*) override;
  grpc::Status RevokeAgent(Context*, const v1::RevokeAgentRequest*, v1::RevokeAgentResponse*) override;

  grpc::Status ListAudit(Context*, const v1::ListAuditRequest*, v1::ListAuditResponse*) override;
  grpc::Status VerifyAudit(Context*, const v1::VerifyAuditRequest*, v1::VerifyAuditResponse*) override;

  grpc::Status ListMachines(Context*, const v1::ListMachinesRequest*, v1::ListMachinesResponse*) override;
  grpc::Status MachineShell(Context*, const v1::MachineShellRequest*, v1::MachineShellResponse*) override;
  grpc::Status GetInfo(Context*, const v1::GetInfoRequest*, v1::Info*) override;

 private:
  Result<control::Caller> WhoCalls(const Context& context, std::string_view method);
  // "" means the default workspace.
  static std::string WorkspaceOf(const std::string& requested);
  // An entry for what was done here; its failure is the call's failure.
  Status Audited(const control::Caller& caller, std::string_view verb, const std::string& workspace,
                 const std::string& object, const std::string& detail);

  // The sources, for a caller who may do this with this one. `request` needs a name.
  Result<sources::Sources*> SourcesFor(const control::Caller& caller, control::Operation operation,
                                       const std::string& workspace, const std::string& name);

  // Caller, call, answer.
  template <typename Response, typename Call>
  grpc::Status Handle(const Context& context, std::string_view method, Response* response, const Call& call) {
    Result<control::Caller> caller = WhoCalls(context, method);
    grpc::Status status = caller.ok() ? Answer(call(*caller), response) : ToGrpc(caller.error());
    d_.calls.Count(method, status.error_code());
    return status;
  }

  // One slot of kMostStreams while it lives.
  class StreamSlot {
   public:
    explicit StreamSlot(std::atomic<int>& streams) : streams_(streams), free_(streams_.fetch_add(1) < kMostStreams) {}
    ~StreamSlot() { streams_.fetch_sub(1); }
    StreamSlot(const StreamSlot&) = delete;
    StreamSlot& operator=(const StreamSlot&) = delete;
    bool free() const { return free_; }

   private:
    std::atomic<int>& streams_;
    const bool free_;
  };
  static grpc::Status TooManyStreams();
  grpc::Status StreamEnd(std::string_view method, const Status& end);

  ServiceDependencies d_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> streams_{0};
};

}  // namespace podwright::api
