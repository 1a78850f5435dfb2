// A driver knows one kind on one server: it observes, executes actions, and repairs drift against what
// was confirmed. It sees the server only through host::Host, and keeps nothing of its own: what must
// last stands in the ObjectState that the engine journals.
//
// Threading: one thread at a time. Ownership: the environment outlives the driver.
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
};

}  // namespace podwright::drivers
