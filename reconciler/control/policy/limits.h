// Counts what a plan does to what was there, and compares it with the policy's limits. Pure.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "podwright/v1/approval.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/control/policy/policy.h"

namespace podwright::control {

// What a request would do, as far as limits look at it.
struct PlannedWork {
  std::string workspace;
  std::vector<const v1::Action*> actions;  // of the objects that its run would work on
  std::vector<const v1::Action*> later;    // of deleted objects that are held or kept for now: nobody is asked then
  std::set<ObjectId> deleted;              // that were ready before
  std::set<ObjectId> gone;                 // all that it deletes
  std::set<ObjectId> by_name;              // of those, the ones that the request names
  std::set<ObjectId> machines;             // of those, servers whose machines are made, and go, with them
  std::function<bool(const ObjectId&)> was_ready;
  std::size_t servers = 0;        // of the workspace
  std::size_t left_of_owner = 1;  // objects that the owner keeps; a request for less than a whole owner: 1
  std::string owner;
  bool changes_policy = false;  // that is guarded
};

// What one limit counts.
struct Tally {
  std::string limit;
  std::vector<v1::LimitedAction> items;
  std::vector<std::string> texts;  // of the same
};

struct Tallies {
  Tally deletes{"deletes", {}, {}};
  Tally data_losses{"data_losses", {}, {}};
  Tally restarts{"restarts", {}, {}};
  Tally failovers{"failovers", {}, {}};
  Tally disturbing{"servers_percent", {}, {}};  // on `servers`
  std::set<std::string> servers;

  bool empty() const {
    return deletes.items.empty() && data_losses.items.empty() && restarts.items.empty() && failovers.items.empty() &&
           disturbing.items.empty();
  }
};

// An action is known again by its object, server, verb and subject, to which the beginning of the digest of all that it
// does is appended: one that does something else in the same place is another one.
Tallies Count(const PlannedWork& work);

// What was applied lately, all of it together.
v1::PolicyUse Sum(const std::vector<v1::PolicyUse>& uses);
// What an apply of this takes.
v1::PolicyUse UseOf(const Tallies& tallies);

// The limits that are passed, in a fixed order, and the actions that pass them.
std::vector<v1::PassedLimit> PassedLimits(const Policy& policy, const PlannedWork& work, const Tallies& tallies,
                                          const v1::PolicyUse& recent, std::vector<v1::LimitedAction>* limited);

// "10m", "1h", "90s".
std::string DurationText(std::int64_t ms);

}  // namespace podwright::control
