// Machines: actions that a cloud carries out, and machines that nobody wants any more.
//
// The intent (machine/<ws>/<server> with a fresh tag) is in the store before the cloud is asked; what the
// cloud made is recorded after. A crash in between leaves a tag that the same action finds again, or
// that the sweep for strays removes. A machine counts as made when its agent has said Hello.
//
// Threading: under the control plane's lock; clouds are called by jobs, off it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/result.h"
#include "podwright/v1/run.pb.h"
#include "reconciler/clouds/cloud.h"
#include "reconciler/control/change.h"
#include "reconciler/control/cloud_jobs.h"
#include "reconciler/control/core.h"
#include "reconciler/control/inbox.h"

namespace podwright::control {

class MachineWorks {
 public:
  using Outcome = std::function<Status(const RunId&, std::size_t place, std::uint32_t attempt, v1::ActionOutcome)>;
  MachineWorks(Core& core, CloudJobs& jobs, Inbox& inbox) : core_(core), jobs_(jobs), inbox_(inbox) {}
  void OnOutcome(Outcome outcome) { outcome_ = std::move(outcome); }

  // What has to be written together with the action's SENT.
  Status AddIntent(const RunId& run, const v1::Action& action, Change& change);
  // Whatever a sent action needs now: a call of the cloud, or waiting for the agent. May be called again at any time.
  Status Work(const RunId& run, std::size_t place, const v1::ActionRecord& record);
  // What has to be written together with the action's success.
  void AddOutcome(const RunId& run, const v1::Action& action, Change& change);

  // Looks in every cloud for machines without a record, which go, and records without a machine, which are lost.
  void Sweep();

 private:
  using Key = std::tuple<RunId, std::size_t, std::uint32_t>;  // run, place, attempt

  Status WorkCreate(const Key& key, const v1::Action& action);
  Status WorkDelete(const Key& key, const v1::Action& action);
  Status OnCreated(const Key& key, const ServerId& server, const std::string& tag, Result<clouds::Machine> machine);
  Status OnDeleted(const Key& key, const ServerId& server, const Status& status);
  Status OnSwept(const std::string& cloud, const std::set<std::string>& running_before,
                 const std::vector<clouds::Machine>& machines);
  Status Answer(const Key& key, const Error& error);
  Status AnswerOk(const Key& key, bool changed, const std::map<std::string, std::string>& proof);
  clouds::Cloud* CloudOf(const std::string& name) const;

  Core& core_;
  CloudJobs& jobs_;
  Inbox& inbox_;
  Outcome outcome_;
  std::set<Key> busy_;                         // a job is at it
  std::map<Key, SteadyTime> waits_for_agent_;  // the cloud is done; since when
};

}  // namespace podwright::control
