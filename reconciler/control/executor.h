// Drives runs: level-triggered, journalled, fenced. Advance looks at a run as it is, in memory and journal,
// and does whatever can be done now; nothing is remembered that the journal does not hold, but for
// times, which begin anew after a crash.
//
// A run goes in rounds: its actions are dispatched in dependency order and batches; when none is left its
// objects are planned again on facts newer than the last action. Empty means ready. Implemented in executor.cc
// (the course of a run), dispatch.cc (what may go now, and sending it), outcomes.cc (results, failure,
// taking back), rounds.cc (observing, planning again, the end) and policy/holds.cc (windows and waves).
//
// Threading: under the control plane's lock. Errors: only the store's; the run is looked at again.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/run.pb.h"
#include "reconciler/control/change.h"
#include "reconciler/control/core.h"
#include "reconciler/control/run_index.h"

namespace podwright::control {

class MachineWorks;
class ObservationDesk;
class SecretDoor;

class Executor {
 public:
  Executor(Core& core, ObservationDesk& desk, MachineWorks& machines, SecretDoor& secrets)
      : core_(core), desk_(desk), machines_(machines), secrets_(secrets) {}

  Status Advance(const RunId& id);
  // A result from the server's agent. Unknown and repeated ones are acknowledged and change nothing.
  Status OnResult(const ServerId& server, const v1::ActionResult& result);
  // What a cloud's job, or the wait for its agent, came to.
  Status OnCloudOutcome(const RunId& run, std::size_t place, std::uint32_t attempt, v1::ActionOutcome outcome);
  // Runs that may go on because of this server, or because something of another run ended.
  void WakeRunsOf(const ServerId& server);
  void WakeQueued(const std::string& workspace);
  // Journals are the truth: forget times and what was sent by this process.
  void Forget() { runtimes_.clear(); }

 private:
  struct Flight {
    std::uint64_t session = 0;  // the agent's stream that it was sent on by this process; 0: not yet
    SteadyTime sent{};
  };
  // What of a run policy holds now.
  struct Holds {
    std::set<ObjectId> objects;               // whose actions do not begin, and which are not settled
    std::map<ObjectId, std::string> stopped;  // of a wave after one that failed: why
    std::vector<v1::WindowWait> windows;      // bounded
    std::vector<std::string> told;            // for people
  };
  struct Runtime {
    Holds holds;
    bool looked = false;  // at its holds, by this process
    RunIndex index;
    std::map<std::size_t, Flight> flights;                         // of SENT actions
    std::map<std::size_t, SteadyTime> not_before;                  // of actions that are tried again
    std::map<std::size_t, SteadyTime> missed;                      // since when a pending action's agent is away
    std::map<std::pair<ObjectId, std::string>, SteadyTime> acted;  // the last action's end, by object and server
    std::map<std::pair<ObjectId, std::string>, SteadyTime> asked;  // when an observation was asked for
    SteadyTime observing_since{};
    std::set<std::string> waiting;  // for what, for people
  };
  // Why a pending action does not go now.
  struct Verdict {
    enum class Kind { kGo, kWait, kSkip, kFail } kind = Kind::kGo;
    std::string why;
    std::string reason = {};  // of kFail
  };

  // executor.cc
  Status Start(const RunId& id, bool* started);
  bool Blocked(const RunId& id) const;
  Status CheckFlights(const RunId& id);
  Status SkipCancelled(const RunId& id);
  // Something of it is under way or may go; what policy holds is not.
  bool Busy(const RunId& id);
  Status PublishWaiting(const RunId& id);

  // policy/holds.cc
  Status LookAtHolds(const RunId& id);
  Holds FindHolds(const RunId& id, const RunRow& row);
  void HoldDependants(const RunId& id, const RunRow& row, Holds* holds);

  // dispatch.cc
  Status DispatchReady(const RunId& id, bool* progress);
  Verdict Judge(const RunId& id, const RunRow& row, std::size_t place);
  Verdict JudgeDependencies(const RunId& id, const RunRow& row, std::size_t place);
  Verdict JudgeBatch(const RunId& id, const v1::ActionRecord& record);
  Verdict JudgeAgent(const RunId& id, std::size_t place, const v1::ActionRecord& record);
  // What its bindings need and was never observed is asked for first.
  Verdict JudgeBindings(const RunId& id, const v1::ActionRecord& record);
  const RunIndex& IndexOf(const RunId& id);
  // Where something of any run is under way; an agent and a machine do one thing at a time.
  std::set<ServerId> BusyServers() const;
  Status Begin(const RunId& id, std::size_t place);
  Status SendToAgent(const RunId& id, std::size_t place);
  Status RunControlAction(const RunId& id, std::size_t place);
  Result<v1::Dispatch> MakeDispatch(const RunId& id, const v1::ActionRecord& record);

  // outcomes.cc
  // `acted`: when the action was over at the latest; facts from then on are newer.
  Status JournalOutcome(const RunId& id, std::size_t place, v1::ActionOutcome outcome, SteadyTime acted);
  Status JournalOutcome(const RunId& id, std::size_t place, v1::ActionOutcome outcome) {
    return JournalOutcome(id, place, std::move(outcome), core_.Steady());
  }
  Status Skip(const RunId& id, const std::vector<std::pair<std::size_t, std::string>>& places);
  bool PartFailed(const RunId& id, const ObjectId& object);
  Status AddCompensations(const RunId& id, bool* added);

  // rounds.cc
  Status EndRound(const RunId& id);
  bool Observed(const RunId& id, const RunRow& row, const v1::RunPart& part);
  Status SettlePart(const RunId& id, std::size_t place, Change& change, std::set<ObjectId>* again,
                    std::set<ObjectId>* ready);
  void StallPart(const RunId& id, std::size_t place, v1::RunPartState state, std::string reason, std::string message,
                 Change& change);
  Status NextRound(const RunId& id, const std::set<ObjectId>& again);
  Status Finish(const RunId& id);

  Core& core_;
  ObservationDesk& desk_;
  MachineWorks& machines_;
  SecretDoor& secrets_;
  std::map<RunId, Runtime> runtimes_;
  std::set<ServerId> busy_;  // of the dispatching that is going on
};

// The outcome's reason where an agent did not come in time: nobody has to say retry, its return does.
inline constexpr char kAgentAway[] = "AgentAway";

// The event of an action's change of state.
v1::Event MakeActionEvent(const RunId& run, const v1::ActionRecord& record, std::string type, std::string message);
bool IsOpen(v1::ActionState state);  // pending or sent

}  // namespace podwright::control
