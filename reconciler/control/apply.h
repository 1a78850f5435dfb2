// The one door for desired state: what a request would do, and doing it.
//
// Threading: takes and leaves the control plane's lock itself: it waits for agents without it.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/candidate.h"
#include "reconciler/control/core.h"
#include "reconciler/control/observation_desk.h"
#include "reconciler/control/policy/policy_gate.h"
#include "reconciler/control/secret_door.h"

namespace podwright::planner {
class FactOverlay;
struct ObjectInput;
}  // namespace podwright::planner

namespace podwright::control {

class Apply {
 public:
  // `ready` ends, with the lock held, an uncertainty that a failed commit left.
  Apply(Core& core, ObservationDesk& desk, SecretDoor& secrets, std::function<Status()> ready)
      : core_(core), desk_(desk), secrets_(secrets), ready_(std::move(ready)) {}

  // The caller may do it. `request` is changed in passing.
  Result<v1::ApplyResponse> Run(const Caller& caller, v1::ApplyRequest request, const ApplyOptions& options);

 private:
  struct Preview {
    v1::Plan plan;                                // of what the request concerns
    std::map<ObjectId, std::string> allocations;  // records that this request makes or extends
    std::vector<NewSecretValue> internal;         // secrets that kinds need for themselves, and lack
  };
  using Answers = std::map<std::pair<ObjectId, std::string>, v1::ObservedFacts>;

  // Without the lock.
  Answers AskAgents(const std::vector<Question>& questions, std::vector<std::string>* away);
  // All others with the lock held.
  Result<std::optional<v1::ApplyResponse>> Remembered(const v1::ApplyRequest& request, const std::string& digest,
                                                      const ApplyOptions& options);
  v1::ApplyResponse DryRun(const v1::ApplyRequest& request, const Candidate& candidate, Preview& preview,
                           const PolicyJudgement& judgement, const ApplyOptions& options);
  // What policy says; kFailedPrecondition where it holds an apply back. A plan that needs approval is kept.
  Result<PolicyJudgement> Judge(const Caller& caller, const v1::ApplyRequest& request, const Candidate& candidate,
                                const Preview& preview, const std::set<ObjectId>& for_run, const ApplyOptions& options);
  std::vector<Question> Questions(const Candidate& candidate, const v1::ApplyRequest& request,
                                  std::vector<std::string>* warnings);
  Result<Preview> MakePreview(const v1::ApplyRequest& request, const Candidate& candidate, const Answers& answers);
  void Allocate(const ObjectId& id, const planner::ObjectInput& input, planner::FactOverlay* overlay,
                Preview* preview) const;
  Status AddInternal(const ObjectId& id, planner::FactOverlay* overlay, Preview* preview) const;
  Status CheckDigest(const v1::ApplyRequest& request, const Preview& preview);
  Status CheckErrors(const v1::ApplyRequest& request, const Candidate& candidate, const Preview& preview);
  Result<v1::ApplyResponse> Commit(const Caller& caller, const v1::ApplyRequest& request, const std::string& digest,
                                   Candidate& candidate, const Answers& answers, Preview& preview,
                                   const std::set<ObjectId>& for_run, const PolicyJudgement& judgement,
                                   const ApplyOptions& options);
  void Remember(const std::string& workspace, const v1::Plan& plan);
  std::set<ObjectId> ForRun(const v1::ApplyRequest& request, const Candidate& candidate, const Preview& preview);

  Core& core_;
  ObservationDesk& desk_;
  SecretDoor& secrets_;
  const std::function<Status()> ready_;
  std::list<std::pair<std::string, v1::Plan>> previews_;  // by workspace and digest; the newest first; bounded
};

}  // namespace podwright::control
