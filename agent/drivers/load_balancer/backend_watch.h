// A load balancer's own work between actions: watches the backends of all of them, and has nginx use what it finds.
//
// Threading: one thread at a time. Ownership: owns the probing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/drivers/driver.h"
#include "agent/drivers/load_balancer/health/follower.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::drivers::load_balancer {

// What the follower looks at, of one object; ids are "OBJECT/SIDE/BACKEND".
void AddWatched(const std::string& object, const v1::kinds::LoadBalancerKept& kept,
                std::map<std::string, WatchedBackend>& watched);
WatchedBackend Watched(const std::string& object, const std::string& backend,
                       const v1::kinds::LoadBalancerUpstream& upstream, const v1::kinds::LoadBalancerKeptBackend& now);
// What nginx gets of a backend at first: what it had, where that is known still.
v1::kinds::LoadBalancerKeptBackend FirstView(const v1::kinds::LoadBalancerUpstream& upstream,
                                             const v1::kinds::LoadBalancerKeptBackend& before);

class BackendWatch {
 public:
  // How the driver reads what it keeps of an object, and has nginx use other members: what fails changes nothing.
  struct Balancer {
    std::function<v1::kinds::LoadBalancerKept(const v1::ObjectState& state)> kept;
    std::function<Status(v1::ObjectState& state, const v1::kinds::LoadBalancerKept& wanted)> refresh;
  };
  BackendWatch(std::unique_ptr<Probing> probing, Balancer balancer, Clock& clock);

  SteadyTime NextTick() const;
  // Something of the objects is another one now.
  void NoteChange() { next_ = SteadyTime(); }
  TickOutcome Tick(std::vector<v1::ObjectState>& states);

 private:
  struct Failure {
    std::string message;
    SteadyTime again;
  };
  void Use(v1::ObjectState& state, v1::kinds::LoadBalancerKept wanted, const std::vector<const BackendChange*>& changes,
           TickOutcome& outcome);

  std::unique_ptr<Probing> probing_;
  const Balancer balancer_;
  Clock& clock_;
  Follower follower_;
  SteadyTime next_{};
  std::map<std::string, Failure> failures_;  // by object
};

}  // namespace podwright::drivers::load_balancer
