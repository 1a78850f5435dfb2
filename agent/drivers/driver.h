// A driver knows one kind on one server: it observes, executes actions, and repairs drift against what
// was confirmed. It sees the server only through host::Host, and keeps nothing of its own: what must
// last stands in the ObjectState that the engine journals.
//
// Threading: one thread at a time, but for ClaimsRoles and Roles. Ownership: the environment outlives the driver.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/host/host.h"
#include "agent/roles/role_claim.h"
#include "core/clock.h"
#include "core/result.h"

namespace podwright::v1 {
class Action;
class Dispatch;
class ObjectState;
class SealedSecret;
}  // namespace podwright::v1

namespace podwright::drivers {

// Gives the value of a sealed secret to `use`, and wipes it after.
using SecretOpener =
    std::function<Status(const v1::SealedSecret& sealed, const std::function<Status(std::string_view value)>& use)>;

// Whether the control plane is reached over a connection that is made anew, within the limit.
using ReachabilityProbe = std::function<bool(std::chrono::milliseconds limit)>;

struct Environment {
  host::Host host;
  Clock& clock;
  SecretOpener open_secret;
  ReachabilityProbe control_reachable;
  std::string local_key;                                  // random, of this server; for digests of secrets
  std::string state_folder = "/var/lib/podwright-agent";  // 0700
  // Makes the engine look at NextTick now; from any thread. May be empty.
  std::function<void()> wake = nullptr;
};

struct Observation {
  std::string observed;            // the kind's Observed, encoded
  std::vector<std::string> drift;  // what differs from the confirmed spec, for people
};

// What was noted before acting: with it, a crash in between is told from "not yet done".
using Proof = std::map<std::string, std::string>;

struct ActionContext {
  const v1::Dispatch& dispatch;
  const Proof& before;   // noted before the first try of this run
  bool resumed = false;  // an earlier try began: its effect may be there
};

struct Done {
  bool changed = false;
  std::chrono::milliseconds downtime{0};  // measured
  std::vector<std::string> log;           // for people, never a secret
  bool forget_object = false;             // nothing of the object is left here
};

// One item that was brought back, or could not be.
struct Repair {
  std::string item;  // "file:/etc/motd"
  std::string what;  // for people
  Status outcome;
};

// Something that happened by itself, between actions; becomes an event.
struct Happening {
  std::string object;  // its name
  std::string type;    // "load_balancer.backend-down"
  std::string message;
  std::map<std::string, std::string> fields;
};
struct TickOutcome {
  std::vector<Happening> happenings;
  std::set<std::string> changed;  // names of objects whose state is to be kept, and which are to be observed anew
};

// What tells cheaply that something may have changed.
struct Watches {
  std::set<std::string> folders;
  std::vector<std::string> units;
};

class Driver {
 public:
  virtual ~Driver() = default;
  virtual std::string Kind() const = 0;
  virtual std::vector<std::string> Verbs() const = 0;

  // What the server has of the things that `spec` names; drift is told against the confirmed spec.
  virtual Result<Observation> Observe(const v1::ObjectState& state, const std::string& spec) = 0;
  virtual Watches Watch(const v1::ObjectState& state) = 0;
  // The value of a guard's fact; "" means absent. Invalid-argument for an unknown fact.
  virtual Result<std::string> Fact(const std::string& fact, const v1::ObjectState& state) = 0;
  virtual Result<Proof> Prove(const v1::Dispatch& dispatch, const v1::ObjectState& state) = 0;
  // Acts, at most once an id: an effect that is there is not made again. On success `state` has what
  // Podwright owns now and the item is confirmed.
  virtual Result<Done> Execute(const ActionContext& context, v1::ObjectState& state) = 0;
  // Brings back what differs from the confirmed spec, item by item, as far as `permit` allows. Never
  // restarts what runs, never deletes.
  virtual std::vector<Repair> RepairDrift(v1::ObjectState& state,
                                          const std::function<bool(const std::string& item)>& permit) = 0;

  // Work of the driver's own between actions: what it follows by itself, without a plan (health, a failover
  // elsewhere). It goes on under a pause, which holds repairs and actions.
  // When Tick wants to be called next; the engine asks often. Results that a thread of the driver's own has
  // ready make it now, and that thread calls Environment::wake.
  virtual SteadyTime NextTick() { return SteadyTime::max(); }
  // On the engine's thread, in the way of actions: takes results over and acts on them, and never waits for
  // another server. `states` are all objects of the kind.
  virtual TickOutcome Tick(std::vector<v1::ObjectState>& states);

  // Whether Roles has something to tell of the object; quick, runs no program.
  virtual bool ClaimsRoles(const v1::ObjectState& state) const;
  // The roles that the object plays on this server, as its programs say now; what they do not say is kUnknown.
  // On a thread of its own, *beside all other methods*, also during a long action: it only reads, keeps
  // nothing, and ends within two seconds.
  virtual std::vector<roles::RoleClaim> Roles(const v1::ObjectState& state) const;
};

}  // namespace podwright::drivers
