// A control plane for tests of commands: remembers what it was asked, answers what the test put in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/control.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli::testing {

class FakeControl final : public client::Control {
 public:
  using CallOptions = client::CallOptions;

  // ---- what it answers ----
  v1::ApplyResponse apply_response;
  std::vector<v1::ObjectView> objects;
  std::vector<v1::Run> run_states;  // what WatchRun shows, the last one being the end
  std::vector<v1::Event> events;
  v1::ListMachinesResponse machines;
  v1::Info info;
  v1::WhoUsesSecretResponse who_uses;
  v1::SealingKey sealing_key;
  v1::SourceView source;
  v1::TransferResponse transfer;
  v1::PendingApproval approval;
  // ---- what it was asked ----
  std::vector<v1::ApplyRequest> applies;
  std::vector<v1::TransferRequest> transfers;
  std::vector<v1::ApproveRequest> approves;
  std::vector<v1::SetSecretRequest> set_secrets;
  std::vector<v1::CreateTokenRequest> created_tokens;
  std::vector<v1::PinSourceRequest> pins;
  std::vector<v1::SuspendSourceRequest> suspensions;
  int list_pages = 0;

  Result<v1::ApplyResponse> Apply(v1::ApplyRequest request, const CallOptions&) override {
    applies.push_back(request);
    v1::ApplyResponse response = apply_response;
    if (request.dry_run()) response.clear_run();
    return response;
  }
  Result<v1::ObjectView> Get(const v1::GetRequest& request, const CallOptions&) override {
    for (const v1::ObjectView& view : objects) {
      if (view.object().kind() == request.object().kind() && view.object().name() == request.object().name())
        return view;
    }
    return NotFound("there is no " + request.object().kind() + "/" + request.object().name());
  }
  // Pages of two.
  Result<v1::ListResponse> List(const v1::ListRequest& request, const CallOptions&) override {
    ++list_pages;
    v1::ListResponse response;
    response.set_revision(5);
    std::size_t place = request.page_token().empty() ? 0 : std::stoul(request.page_token());
    for (; place < objects.size() && response.objects_size() < 2; ++place) {
      if (request.kind().empty() || request.kind() == objects[place].object().kind())
        *response.add_objects() = objects[place];
    }
    if (place < objects.size()) response.set_next_page_token(std::to_string(place));
    return response;
  }
  Result<v1::ObjectView> Pause(const v1::PauseRequest&, const CallOptions&) override { return Nothing(); }
  Result<v1::TransferResponse> Transfer(const v1::TransferRequest& request, const CallOptions&) override {
    transfers.push_back(request);
    return transfer;
  }
  Result<v1::Run> GetRun(const v1::GetRunRequest&, const CallOptions&) override {
    if (run_states.empty()) return Nothing();
    return run_states.back();
  }
  Result<v1::ListRunsResponse> ListRuns(const v1::ListRunsRequest&, const CallOptions&) override { return Nothing(); }
  Result<v1::Run> WatchRun(const v1::GetRunRequest&, const std::function<client::Next(const v1::Run&)>& on_run,
                           const CallOptions&) override {
    for (const v1::Run& run : run_states) on_run(run);
    if (run_states.empty()) return Nothing();
    return run_states.back();
  }
  Result<v1::Run> CancelRun(const v1::GetRunRequest&, const CallOptions&) override { return Nothing(); }
  Result<v1::Run> ReleaseRun(const v1::GetRunRequest&, const CallOptions&) override { return Nothing(); }
  Result<v1::PendingApproval> Approve(const v1::ApproveRequest& request, const CallOptions&) override {
    approves.push_back(request);
    return approval;
  }
  Result<v1::PendingApproval> RevokeApproval(const v1::RevokeApprovalRequest&, const CallOptions&) override {
    return approval;
  }
  Result<v1::ListApprovalsResponse> ListApprovals(const v1::ListApprovalsRequest&, const CallOptions&) override {
    v1::ListApprovalsResponse response;
    *response.add_approvals() = approval;
    return response;
  }
  Result<v1::RetryResponse> Retry(const v1::RetryRequest&, const CallOptions&) override { return Nothing(); }
  Status Events(v1::EventsRequest, const std::function<client::Next(const v1::Event&)>& on_event,
                const CallOptions&) override {
    for (const v1::Event& event : events) on_event(event);
    return Ok();
  }
  Result<v1::SecretVersion> SetSecret(v1::SetSecretRequest request, const CallOptions&) override {
    set_secrets.push_back(request);
    v1::SecretVersion version;
    version.set_name(request.name());
    version.set_version(2);
    return version;
  }
  Result<v1::SecretVersion> RotateSecret(const v1::RotateSecretRequest&, const CallOptions&) override {
    return Nothing();
  }
  Result<v1::RevealedSecret> RevealSecret(const v1::RevealSecretRequest&, const CallOptions&) override {
    return Nothing();
  }
  Result<v1::WhoUsesSecretResponse> WhoUsesSecret(const v1::WhoUsesSecretRequest&, const CallOptions&) override {
    return who_uses;
  }
  Result<v1::SealingKey> GetSealingKey(const v1::GetSealingKeyRequest&, const CallOptions&) override {
    return sealing_key;
  }
  Result<v1::SourceView> GetSource(const v1::SourceRequest& request, const CallOptions&) override {
    if (request.name() != source.name()) return Nothing();
    return source;
  }
  Result<v1::ListSourcesResponse> ListSources(const v1::ListSourcesRequest&, const CallOptions&) override {
    v1::ListSourcesResponse response;
    *response.add_sources() = source;
    return response;
  }
  Result<v1::SourceView> SyncSource(const v1::SourceRequest&, const CallOptions&) override { return source; }
  Result<v1::SourceView> SuspendSource(const v1::SuspendSourceRequest& request, const CallOptions&) override {
    suspensions.push_back(request);
    return source;
  }
  Result<v1::SourceView> PinSource(const v1::PinSourceRequest& request, const CallOptions&) override {
    pins.push_back(request);
    return source;
  }
  Result<v1::PullRequestView> GetPullRequest(const v1::PullRequestRequest& request, const CallOptions&) override {
    v1::PullRequestView view;
    view.set_number(request.number());
    view.set_text("3 actions\n");
    return view;
  }
  Result<v1::SourceView> ReleaseSource(const v1::SourceRequest&, const CallOptions&) override { return source; }
  Result<v1::CreateTokenResponse> CreateToken(const v1::CreateTokenRequest& request, const CallOptions&) override {
    created_tokens.push_back(request);
    v1::CreateTokenResponse response;
    response.set_secret("pw_shown_once");
    return response;
  }
  Result<v1::ListTokensResponse> ListTokens(const CallOptions&) override { return Nothing(); }
  Status RevokeToken(const v1::RevokeTokenRequest&, const CallOptions&) override { return Nothing(); }
  Result<v1::CreateEnrolmentTokenResponse> CreateEnrolmentToken(const v1::CreateEnrolmentTokenRequest&,
                                                                const CallOptions&) override {
    return Nothing();
  }
  Result<v1::ListAgentsResponse> ListAgents(const v1::ListAgentsRequest&, const CallOptions&) override {
    return Nothing();
  }
  Status RevokeAgent(const v1::RevokeAgentRequest&, const CallOptions&) override { return Nothing(); }
  Result<v1::ListAuditResponse> ListAudit(const v1::ListAuditRequest&, const CallOptions&) override {
    return Nothing();
  }
  Result<v1::VerifyAuditResponse> VerifyAudit(const v1::VerifyAuditRequest&, const CallOptions&) override {
    return Nothing();
  }
  Result<v1::ListMachinesResponse> ListMachines(const CallOptions&) override { return machines; }
  Result<v1::MachineShellResponse> MachineShell(const v1::MachineShellRequest& request, const CallOptions&) override {
    v1::MachineShellResponse response;
    for (const char* word : {"podman", "exec"}) response.add_argv(word);
    response.add_argv(request.server());
    return response;
  }
  Result<v1::Info> GetInfo(const CallOptions&) override { return info; }

 private:
  static Error Nothing() { return NotFound("the test has put nothing here"); }
};

}  // namespace podwright::cli::testing
