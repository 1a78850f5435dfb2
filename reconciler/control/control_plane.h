// The heart of podwrightd: desired objects in, runs out, agents driven until what runs equals what
// was declared. Knows no gRPC.
//
// Truth is in the store; what is held in memory is read from it at Open and can be thrown away at
// any moment: destroying a ControlPlane is the same as a crash. Only one may be open on a store.
//
// Threading: all public methods may be called from any thread. After Start an own thread does the work;
// without Start nothing moves but by Step (tests, simulations). Apply and Get{refresh} wait for
// agents up to Options::observe_timeout; ListMachines asks the clouds; the readers' Next block; everything else is
// short.
//
// Errors: those of the gRPC codes that core/result.h names. kPermissionDenied is audited here.
// Refused input is kInvalidArgument with one line for each problem; a stale digest is
// kFailedPrecondition and names the fact; an owner's conflict and an unexpected revision are kConflict.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "reconciler/control/agent_link.h"
#include "reconciler/control/apply_options.h"
#include "reconciler/control/caller.h"
#include "reconciler/control/options.h"

namespace podwright {
class Random;
namespace v1 {
enum Phase : int;
class AgentMessage;
class ApplyRequest;
class ApplyResponse;
class RevokeApprovalRequest;
class PendingApproval;
class ListApprovalsResponse;
class ListApprovalsRequest;
class ApproveRequest;
class Event;
class EventsRequest;
class GetRequest;
class GetRunRequest;
class Hello;
class ListMachinesResponse;
class ListRequest;
class ListResponse;
class ListRunsRequest;
class ListRunsResponse;
class ObjectView;
class PauseRequest;
class RetryRequest;
class RetryResponse;
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
class StoredObject;
class Welcome;
}  // namespace v1
namespace store {
class Store;
}
namespace kinds {
class Registry;
}
namespace planner {
class KindPlanners;
}
namespace secrets {
class SecretStore;
}
namespace auth {
class AuditLog;
}
}  // namespace podwright

namespace podwright::control {

// All must outlive the ControlPlane.
struct Dependencies {
  store::Store& store;
  Clock& clock;
  Random& random;
  const kinds::Registry& kinds;
  const planner::KindPlanners& planners;
  secrets::SecretStore& secrets;
  auth::AuditLog& audit;
  AgentLink& link;
  AgentKeys& agent_keys;
  MachineBootstrap& bootstrap;
  std::map<std::string, clouds::Cloud*> clouds;  // by the name that stands in a server's `cloud`
};

// The present state first, then every change. One thread calls Next, any other Cancel.
class RunReader {
 public:
  virtual ~RunReader() = default;
  // The run with its actions; nullopt: nothing new before `deadline`. After the run has ended and its last
  // state was read: kOutOfRange. kCancelled after Cancel.
  virtual Result<std::optional<v1::Run>> Next(SteadyTime deadline) = 0;
  virtual void Cancel() = 0;
};

// Events in their order. One thread calls Next, any other Cancel.
class EventReader {
 public:
  virtual ~EventReader() = default;
  // Empty with done() false: nothing new before `deadline`. kOutOfRange "compacted": events that the
  // caller asked for are no longer kept. kCancelled after Cancel.
  virtual Result<std::vector<v1::Event>> Next(SteadyTime deadline) = 0;
  // Without `follow`: everything was read.
  virtual bool done() const = 0;
  virtual void Cancel() = 0;
};

// What is known of an agent's stream; enrolment is another matter (agent/<ws>/<server> in the store).
struct AgentState {
  std::string workspace;
  std::string server;
  bool connected = false;
  std::int64_t last_seen_unix_ms = 0;  // 0: not since this control plane started
  std::string version;
  std::vector<std::string> addresses;
};

struct ObjectHead {
  std::string kind;
  std::string name;
  std::string owner;
};

// How the live objects and tombstones of one owner stand.
struct OwnedPhases {
  std::map<v1::Phase, std::uint32_t> counts;
  std::vector<ObjectHead> stalled;  // the first of them
};

class ControlPlane {
 public:
  // Raises the fencing epoch and reads what is there. Unfinished runs go on with the first Step.
  static Result<std::unique_ptr<ControlPlane>> Open(const Dependencies& dependencies, const Options& options);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // ---- the work ----
  // A thread of its own (and Options::cloud_threads for clouds) from here on, until Stop or destruction.
  void Start();
  // Ends the threads; who waits for agents gets what there is. Readers go on until they are cancelled. Runs go on where
  // they are after the next Open.
  void Stop();
  // Does one thing that is due. False: nothing is, before the clock or somebody moves. Not after Start.
  bool Step();
  // Step until there is nothing to do.
  void RunUntilIdle();
  // When the clock alone makes something due; nullopt: never.
  std::optional<SteadyTime> NextDue() const;
  std::uint64_t epoch() const;
  // The error that keeps work from being done (a failing store), for /readyz.
  Status Healthy() const;

  // ---- people, CI, the provider ----
  Result<v1::ApplyResponse> Apply(const Caller& caller, const v1::ApplyRequest& request);
  // Audited; begins no run. What the owners' own sets say is the caller's to check.
  Result<v1::TransferResponse> Transfer(const Caller& caller, const v1::TransferRequest& request);
  Result<v1::ObjectView> Get(const Caller& caller, const v1::GetRequest& request);
  Result<v1::ListResponse> List(const Caller& caller, const v1::ListRequest& request);
  Result<v1::ObjectView> Pause(const Caller& caller, const v1::PauseRequest& request);
  Result<v1::Run> GetRun(const Caller& caller, const v1::GetRunRequest& request);
  Result<v1::ListRunsResponse> ListRuns(const Caller& caller, const v1::ListRunsRequest& request);
  Result<std::unique_ptr<RunReader>> WatchRun(const Caller& caller, const v1::GetRunRequest& request);
  Result<v1::Run> CancelRun(const Caller& caller, const v1::GetRunRequest& request);
  // Lets a run that waits for a window go now.
  Result<v1::Run> ReleaseRun(const Caller& caller, const v1::GetRunRequest& request);
  // Approves a plan that policy holds back, by the verdict's digest. kNotFound: no such plan waits, also where it was
  // applied meanwhile; kPermissionDenied: the caller is no approver, or the plan's own author, where the policy
  // excludes them. The same actor counts once.
  Result<v1::PendingApproval> Approve(const Caller& caller, const v1::ApproveRequest& request);
  Result<v1::PendingApproval> RevokeApproval(const Caller& caller, const v1::RevokeApprovalRequest& request);
  Result<v1::ListApprovalsResponse> ListApprovals(const Caller& caller, const v1::ListApprovalsRequest& request);
  Result<v1::RetryResponse> Retry(const Caller& caller, const v1::RetryRequest& request);
  Result<std::unique_ptr<EventReader>> Events(const Caller& caller, const v1::EventsRequest& request);
  Result<v1::SecretVersion> SetSecret(const Caller& caller, const v1::SetSecretRequest& request);
  Result<v1::SecretVersion> RotateSecret(const Caller& caller, const v1::RotateSecretRequest& request);
  // kFailedPrecondition: there is no value yet. Nothing is answered that the audit log does not have.
  Result<v1::RevealedSecret> RevealSecret(const Caller& caller, const v1::RevealSecretRequest& request);
  // kNotFound: no such secret. What a server has is what its agent told last.
  Result<v1::WhoUsesSecretResponse> WhoUsesSecret(const Caller& caller, const v1::WhoUsesSecretRequest& request);
  Result<v1::SealingKey> GetSealingKey(const Caller& caller, const v1::GetSealingKeyRequest& request);
  Result<v1::ListMachinesResponse> ListMachines(const Caller& caller);

  // ---- for parts of podwrightd that work beside it (Git sources) ----
  // Live objects of a kind in all workspaces.
  std::vector<v1::StoredObject> StoredObjects(const std::string& kind);
  // All live objects of a workspace, without their specs.
  std::vector<ObjectHead> ObjectHeads(const std::string& workspace);
  // Apply for a request that need not be copied.
  Result<v1::ApplyResponse> Apply(const Caller& caller, v1::ApplyRequest&& request, const ApplyOptions& options);
  // At most `most_stalled` of the stalled ones by name.
  Result<OwnedPhases> PhasesOf(const std::string& workspace, const std::string& owner, std::size_t most_stalled);
  // Another number after every change that plans of the workspace may depend on; begins anew with the process.
  // Called without any lock, from any thread, after somebody approved a plan of `owner` ("git:plans"). nullptr
  // ends it, and waits until nobody is in it any more.
  void OnApproved(std::function<void(const std::string& workspace, const std::string& owner)> hook);
  std::uint64_t FactsRevision(const std::string& workspace);
  // An event of theirs; needs workspace, type and message.
  Status Tell(v1::Event event);

  // For what is not done here (tokens, enrolment, the audit log): the same table, refusals audited.
  // `subject` is what the entry names: "server/web-1", "token/ci".
  Status Authorize(const Caller& caller, Operation operation, const std::string& workspace, const std::string& subject);
  // Streams as they are now; `workspace` "" or "*": all.
  std::vector<AgentState> AgentStates(const std::string& workspace) const;

  // ---- agents; the caller has checked certificate, workspace and name ----
  // `session` tells the streams of one server apart: it rises with every new one. The link must put Welcome
  // on the stream before anything that Send gives it. An agent that has seen a higher epoch
  // is refused: kFailedPrecondition, this is an old control plane.
  Result<v1::Welcome> OnAgentConnected(const std::string& workspace, const std::string& server, std::uint64_t session,
                                       const v1::Hello& hello);
  // Of an older session than the newest: ignored.
  void OnAgentMessage(const std::string& workspace, const std::string& server, std::uint64_t session,
                      const v1::AgentMessage& message);
  void OnAgentDisconnected(const std::string& workspace, const std::string& server, std::uint64_t session);

 private:
  class Impl;
  explicit ControlPlane(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podwright::control
