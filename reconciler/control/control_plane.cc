#include "reconciler/control/control_plane.h"

#include "core/digest.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/run.pb.h"
#include "reconciler/control/change.h"
#include "reconciler/control/engine.h"
#include "reconciler/control/gate.h"
#include "reconciler/control/machine_list.h"
#include "reconciler/control/policy/approvals.h"
#include "reconciler/control/readers.h"
#include "reconciler/control/refresh.h"
#include "reconciler/control/runs.h"
#include "reconciler/control/secret_calls.h"
#include "reconciler/control/secret_uses.h"
#include "reconciler/control/transfer.h"
#include "reconciler/control/views.h"
#include "reconciler/secrets/parts.h"
#include "reconciler/secrets/secret_store.h"

namespace podwright::control {
namespace {

std::string OrDefault(const std::string& workspace) {
  return workspace.empty() ? "default" : workspace;
}

std::string NameOf(const v1::ObjectRef& ref) {
  return ref.kind() + "/" + ref.name();
}

// What an audit entry of an Apply names.
std::string SubjectOf(const v1::ApplyRequest& request) {
  std::string out = request.owner();
  int named = 0;
  for (const v1::DesiredObject& put : request.puts()) {
    if (++named > 5) break;
    out += " " + put.kind() + "/" + put.name();
  }
  for (const v1::ObjectRef& ref : request.deletes()) {
    if (++named > 5) break;
    out += " -" + NameOf(ref);
  }
  return named > 5 ? out + " …" : out;
}

std::string SubjectOf(const v1::TransferRequest& request) {
  std::string out = (request.from().empty() ? "" : request.from() + " ") + "→ " + request.to();
  int named = 0;
  for (const v1::ObjectRef& ref : request.objects()) {
    if (++named > 5) break;
    out += " " + NameOf(ref);
  }
  return named > 5 ? out + " …" : out;
}

// With who approved it, where policy wanted that.
std::string DetailOf(const v1::ApplyResponse& response) {
  std::string out = "revision " + std::to_string(response.revision());
  if (!response.run().empty()) out += ", run " + response.run();
  if (!response.policy().approval_needed()) return out;
  out += ", approved by";
  for (const v1::Approval& approval : response.policy().given()) out += " " + approval.actor();
  return out;
}

template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.ok() ? Ok() : Status(result.error());
}

}  // namespace

class ControlPlane::Impl {
 public:
  Impl(const Dependencies& dependencies, const Options& options)
      : engine(dependencies, options), gate(dependencies.audit) {}
  Engine engine;
  Gate gate;
  std::mutex hook_mutex;
  std::function<void(const std::string&, const std::string&)> on_approved;  // protected by hook_mutex
};

ControlPlane::ControlPlane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlPlane::~ControlPlane() = default;

Result<std::unique_ptr<ControlPlane>> ControlPlane::Open(const Dependencies& dependencies, const Options& options) {
  auto impl = std::make_unique<Impl>(dependencies, options);
  PW_TRY(impl->engine.Open());
  return std::unique_ptr<ControlPlane>(new ControlPlane(std::move(impl)));
}

void ControlPlane::Start() {
  impl_->engine.Start();
}
void ControlPlane::Stop() {
  impl_->engine.Stop();
}
bool ControlPlane::Step() {
  return impl_->engine.Step();
}

void ControlPlane::RunUntilIdle() {
  while (Step()) {
  }
}

std::optional<SteadyTime> ControlPlane::NextDue() const {
  return impl_->engine.NextDue();
}
std::uint64_t ControlPlane::epoch() const {
  return impl_->engine.core.epoch;
}
Status ControlPlane::Healthy() const {
  return impl_->engine.Healthy();
}

Result<v1::ApplyResponse> ControlPlane::Apply(const Caller& caller, const v1::ApplyRequest& request) {
  return Apply(caller, v1::ApplyRequest(request), ApplyOptions());
}

Result<v1::ApplyResponse> ControlPlane::Apply(const Caller& caller, v1::ApplyRequest&& request,
                                              const ApplyOptions& options) {
  const std::string workspace = OrDefault(request.workspace());
  const bool dry_run = request.dry_run();
  const std::string subject = SubjectOf(request);
  PW_TRY(impl_->gate.Check(caller, dry_run ? Operation::kPlan : Operation::kApply, workspace, subject));
  auto response = impl_->engine.apply.Run(caller, std::move(request), options);
  impl_->engine.WakeWorker();
  if (!dry_run) {
    impl_->gate.Note(caller, "apply", workspace, subject, StatusOf(response), response.ok() ? DetailOf(*response) : "");
  }
  return response;
}

Result<v1::TransferResponse> ControlPlane::Transfer(const Caller& caller, const v1::TransferRequest& request) {
  v1::TransferRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  const std::string subject = SubjectOf(asked);
  PW_TRY(impl_->gate.Check(caller, Operation::kApply, asked.workspace(), subject));
  auto response = impl_->engine.WithState([&] { return TransferObjects(impl_->engine.core, caller, asked); });
  if (asked.dry_run()) return response;
  std::string detail;
  if (response.ok()) {
    detail = "revision " + std::to_string(response->revision()) + ", " + std::to_string(response->transferred_size()) +
             " objects";
  }
  impl_->gate.Note(caller, "transfer", asked.workspace(), subject, StatusOf(response), detail);
  return response;
}

Result<v1::ObjectView> ControlPlane::Get(const Caller& caller, const v1::GetRequest& request) {
  const ObjectId id{OrDefault(request.workspace()), request.object().kind(), request.object().name()};
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, id.workspace, id.Text()));
  if (request.refresh()) PW_TRY(Refresh(impl_->engine, id));
  return impl_->engine.WithState([&]() -> Result<v1::ObjectView> {
    if (impl_->engine.core.tables.Find(id) == nullptr) {
      return NotFound("there is no " + id.Text() + " in the workspace " + id.workspace);
    }
    return MakeView(impl_->engine.core, id);
  });
}

Result<v1::ListResponse> ControlPlane::List(const Caller& caller, const v1::ListRequest& request) {
  v1::ListRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, asked.workspace(), request.kind()));
  return impl_->engine.WithState([&] { return ListObjects(impl_->engine.core, asked); });
}

Result<v1::ObjectView> ControlPlane::Pause(const Caller& caller, const v1::PauseRequest& request) {
  v1::PauseRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  PW_TRY(impl_->gate.Check(caller, Operation::kPause, asked.workspace(), NameOf(request.object())));
  auto view = impl_->engine.WithState([&] { return control::Pause(impl_->engine.core, caller, asked); });
  impl_->gate.Note(caller, request.for_ms() > 0 ? "pause" : "resume", asked.workspace(), NameOf(request.object()),
                   StatusOf(view), request.reason());
  return view;
}

Result<v1::Run> ControlPlane::GetRun(const Caller& caller, const v1::GetRunRequest& request) {
  const RunId id{OrDefault(request.workspace()), request.id()};
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, id.workspace, "run/" + id.id));
  return impl_->engine.WithState([&] { return control::GetRun(impl_->engine.core, id); });
}

Result<v1::ListRunsResponse> ControlPlane::ListRuns(const Caller& caller, const v1::ListRunsRequest& request) {
  v1::ListRunsRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, asked.workspace(), "run"));
  return impl_->engine.WithState([&] { return control::ListRuns(impl_->engine.core, asked); });
}

Result<std::unique_ptr<RunReader>> ControlPlane::WatchRun(const Caller& caller, const v1::GetRunRequest& request) {
  const RunId id{OrDefault(request.workspace()), request.id()};
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, id.workspace, "run/" + id.id));
  return OpenRunReader(impl_->engine.core.deps.store, id);
}

Result<v1::Run> ControlPlane::CancelRun(const Caller& caller, const v1::GetRunRequest& request) {
  const RunId id{OrDefault(request.workspace()), request.id()};
  PW_TRY(impl_->gate.Check(caller, Operation::kRunControl, id.workspace, "run/" + id.id));
  auto run = impl_->engine.WithState([&] { return control::CancelRun(impl_->engine.core, caller, id); });
  impl_->gate.Note(caller, "run.cancel", id.workspace, "run/" + id.id, StatusOf(run), "");
  return run;
}

Result<v1::Run> ControlPlane::ReleaseRun(const Caller& caller, const v1::GetRunRequest& request) {
  const RunId id{OrDefault(request.workspace()), request.id()};
  PW_TRY(impl_->gate.Check(caller, Operation::kRunControl, id.workspace, "run/" + id.id));
  auto run = impl_->engine.WithState([&] { return control::ReleaseRun(impl_->engine.core, caller, id); });
  impl_->gate.Note(caller, "run.release", id.workspace, "run/" + id.id, StatusOf(run), "");
  return run;
}

Result<v1::PendingApproval> ControlPlane::Approve(const Caller& caller, const v1::ApproveRequest& request) {
  v1::ApproveRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  const std::string subject = "plan/" + HexEncode(request.digest().substr(0, 32));
  PW_TRY(impl_->gate.Check(caller, Operation::kApprove, asked.workspace(), subject));
  auto pending = impl_->engine.WithState([&] { return control::Approve(impl_->engine.core, caller, asked); });
  impl_->gate.Note(caller, "approve", asked.workspace(), subject, StatusOf(pending), request.reason());
  if (pending.ok()) {
    const std::lock_guard<std::mutex> lock(impl_->hook_mutex);
    if (impl_->on_approved) impl_->on_approved(asked.workspace(), pending->owner());
  }
  return pending;
}

Result<v1::PendingApproval> ControlPlane::RevokeApproval(const Caller& caller,
                                                         const v1::RevokeApprovalRequest& request) {
  v1::RevokeApprovalRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  const std::string subject = "plan/" + HexEncode(request.digest().substr(0, 32));
  PW_TRY(impl_->gate.Check(caller, Operation::kApprove, asked.workspace(), subject));
  auto pending = impl_->engine.WithState([&] { return control::RevokeApproval(impl_->engine.core, caller, asked); });
  impl_->gate.Note(caller, "approval.revoke", asked.workspace(), subject, StatusOf(pending), request.reason());
  return pending;
}

Result<v1::ListApprovalsResponse> ControlPlane::ListApprovals(const Caller& caller,
                                                              const v1::ListApprovalsRequest& request) {
  v1::ListApprovalsRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, asked.workspace(), "approvals"));
  return impl_->engine.WithState([&] { return control::ListApprovals(impl_->engine.core, asked); });
}

void ControlPlane::OnApproved(std::function<void(const std::string& workspace, const std::string& owner)> hook) {
  const std::lock_guard<std::mutex> lock(impl_->hook_mutex);
  impl_->on_approved = std::move(hook);
}

Result<v1::RetryResponse> ControlPlane::Retry(const Caller& caller, const v1::RetryRequest& request) {
  v1::RetryRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  const std::string subject = request.run().empty() ? NameOf(request.object()) : "run/" + request.run();
  PW_TRY(impl_->gate.Check(caller, Operation::kRunControl, asked.workspace(), subject));
  auto response = impl_->engine.WithState([&] { return control::Retry(impl_->engine.core, caller, asked); });
  impl_->gate.Note(caller, "run.retry", asked.workspace(), subject, StatusOf(response),
                   response.ok() ? "run " + response->run() : "");
  return response;
}

Result<std::unique_ptr<EventReader>> ControlPlane::Events(const Caller& caller, const v1::EventsRequest& request) {
  v1::EventsRequest asked = request;
  asked.set_workspace(OrDefault(request.workspace()));
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, asked.workspace(), "events"));
  return OpenEventReader(impl_->engine.core.deps.store, asked);
}

Result<v1::SecretVersion> ControlPlane::SetSecret(const Caller& caller, const v1::SetSecretRequest& request) {
  const ObjectId id{OrDefault(request.workspace()), "secret", request.name()};
  PW_TRY(impl_->gate.Check(caller, Operation::kSecrets, id.workspace, id.Text()));
  auto version = impl_->engine.WithState([&] { return SetSecretValue(impl_->engine, caller, id, request); });
  impl_->gate.Note(caller, "secret.set", id.workspace, id.Text(), StatusOf(version),
                   version.ok() ? "version " + std::to_string(version->version()) : "");
  return version;
}

Result<v1::SecretVersion> ControlPlane::RotateSecret(const Caller& caller, const v1::RotateSecretRequest& request) {
  const ObjectId id{OrDefault(request.workspace()), "secret", request.name()};
  PW_TRY(impl_->gate.Check(caller, Operation::kSecrets, id.workspace, id.Text()));
  auto version = impl_->engine.WithState([&] { return RotateSecretValue(impl_->engine, caller, id); });
  impl_->gate.Note(caller, "secret.rotate", id.workspace, id.Text(), StatusOf(version),
                   version.ok() ? "version " + std::to_string(version->version()) : "");
  return version;
}

Result<v1::RevealedSecret> ControlPlane::RevealSecret(const Caller& caller, const v1::RevealSecretRequest& request) {
  const ObjectId id{OrDefault(request.workspace()), "secret", request.name()};
  PW_TRY(impl_->gate.Check(caller, Operation::kReveal, id.workspace, id.Text()));
  PW_TRY(impl_->engine.WithState([&] { return CheckReadable(impl_->engine, id); }));
  // Not under the lock: the opening is audited, and that waits for the disk.
  PW_ASSIGN(const auto opened,
            impl_->engine.core.deps.secrets.Open({id.workspace, id.name}, request.version(), caller.actor));
  v1::RevealedSecret revealed;
  revealed.set_name(id.name);
  revealed.set_version(opened.version);
  if (opened.parts.empty()) {
    revealed.set_value(std::string(opened.value.Reveal()));
    return revealed;
  }
  PW_ASSIGN(const secrets::Parts parts, secrets::DecodeParts(opened.value));
  for (const auto& [name, value] : parts) (*revealed.mutable_parts())[name] = std::string(value.Reveal());
  return revealed;
}

Result<v1::WhoUsesSecretResponse> ControlPlane::WhoUsesSecret(const Caller& caller,
                                                              const v1::WhoUsesSecretRequest& request) {
  const ObjectId id{OrDefault(request.workspace()), "secret", request.name()};
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, id.workspace, id.Text()));
  return impl_->engine.WithState([&] { return WhoUses(impl_->engine, id); });
}

Result<v1::SealingKey> ControlPlane::GetSealingKey(const Caller& caller, const v1::GetSealingKeyRequest& request) {
  const std::string workspace = OrDefault(request.workspace());
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, workspace, "sealing key"));
  PW_ASSIGN(const SealedValueKey key,
            impl_->engine.WithState([&] { return impl_->engine.secrets.maker().SealingKey(workspace); }));
  v1::SealingKey out;
  out.set_workspace(workspace);
  out.set_key(FormatSealingKey(key));
  return out;
}

Result<v1::ListMachinesResponse> ControlPlane::ListMachines(const Caller& caller) {
  const std::string workspace = caller.workspace;
  PW_TRY(impl_->gate.Check(caller, Operation::kRead, workspace, "machines"));
  return control::ListMachines(impl_->engine, workspace);
}

std::vector<v1::StoredObject> ControlPlane::StoredObjects(const std::string& kind) {
  const std::lock_guard<std::mutex> lock(impl_->engine.core.mutex);
  const auto& objects = impl_->engine.core.tables.objects;
  std::vector<v1::StoredObject> out;
  // By workspace, then kind: from one workspace's objects of the kind to the next one's.
  for (auto at = objects.begin(); at != objects.end();) {
    const std::string workspace = at->first.workspace;
    for (at = objects.lower_bound({workspace, kind, ""}); at != objects.end(); ++at) {
      if (at->first.workspace != workspace || at->first.kind != kind) break;
      if (at->second.object.lifecycle() == v1::LIFECYCLE_LIVE) out.push_back(at->second.object);
    }
    at = objects.lower_bound({workspace + '\0', "", ""});
  }
  return out;
}

std::vector<ObjectHead> ControlPlane::ObjectHeads(const std::string& workspace) {
  const std::lock_guard<std::mutex> lock(impl_->engine.core.mutex);
  const auto& objects = impl_->engine.core.tables.objects;
  std::vector<ObjectHead> out;
  for (auto at = objects.lower_bound({workspace, "", ""}); at != objects.end(); ++at) {
    if (at->first.workspace != workspace) break;
    if (at->second.object.lifecycle() != v1::LIFECYCLE_LIVE) continue;
    out.push_back({at->first.kind, at->first.name, at->second.object.owner()});
  }
  return out;
}

std::uint64_t ControlPlane::FactsRevision(const std::string& workspace) {
  const std::lock_guard<std::mutex> lock(impl_->engine.core.mutex);
  return impl_->engine.core.facts.Revision(workspace);
}

Result<OwnedPhases> ControlPlane::PhasesOf(const std::string& workspace, const std::string& owner,
                                           std::size_t most_stalled) {
  return impl_->engine.WithState(
      [&]() -> Result<OwnedPhases> { return control::PhasesOf(impl_->engine.core, workspace, owner, most_stalled); });
}

Status ControlPlane::Tell(v1::Event event) {
  return impl_->engine.WithState([&]() -> Status {
    Change change(impl_->engine.core);
    change.Tell(std::move(event));
    const auto revision = change.Commit();
    return revision.ok() ? Ok() : Status(revision.error());
  });
}

Status ControlPlane::Authorize(const Caller& caller, Operation operation, const std::string& workspace,
                               const std::string& subject) {
  return impl_->gate.Check(caller, operation, workspace, subject);
}

std::vector<AgentState> ControlPlane::AgentStates(const std::string& workspace) const {
  const std::lock_guard<std::mutex> lock(impl_->engine.core.mutex);
  return impl_->engine.agents.States(workspace);
}

Result<v1::Welcome> ControlPlane::OnAgentConnected(const std::string& workspace, const std::string& server,
                                                   std::uint64_t session, const v1::Hello& hello) {
  Engine& engine = impl_->engine;
  const std::uint64_t epoch = engine.core.epoch;
  if (hello.highest_epoch() > epoch) {
    return Error(ErrorCode::kFailedPrecondition,
                 "the agent of " + server + " has seen epoch " + std::to_string(hello.highest_epoch()) +
                     ", this control plane has " + std::to_string(epoch) + ": it is an old one");
  }
  const ServerId id{workspace, server};
  engine.inbox.Post([&engine, id, session, hello]() -> Status {
    PW_TRY(engine.agents.OnConnected(id, session, hello));
    engine.background.LookOn(id);
    return Ok();
  });
  v1::Welcome welcome;
  welcome.set_epoch(epoch);
  welcome.set_heartbeat_ms(engine.core.options.heartbeat.count());
  welcome.set_server_unix_ms(engine.core.NowMillis());
  return welcome;
}

void ControlPlane::OnAgentMessage(const std::string& workspace, const std::string& server, std::uint64_t session,
                                  const v1::AgentMessage& message) {
  Engine& engine = impl_->engine;
  const ServerId id{workspace, server};
  // Somebody may wait for this one while the worker is busy.
  if (message.has_observe_reply() && engine.desk.Deliver(id, message.observe_reply())) return;
  engine.inbox.Post([&engine, id, session, message] { return engine.agents.OnMessage(id, session, message); });
}

void ControlPlane::OnAgentDisconnected(const std::string& workspace, const std::string& server, std::uint64_t session) {
  Engine& engine = impl_->engine;
  const ServerId id{workspace, server};
  engine.desk.AgentGone(id);
  engine.inbox.Post([&engine, id, session] { return engine.agents.OnDisconnected(id, session); });
}

}  // namespace podwright::control
