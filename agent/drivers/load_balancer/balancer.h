// One load balancer as this server has it: what is kept, what is found, and how one is made the other. Internal to the
// driver.
//
// One per call, on one thread; what it keeps is written back into the state with Keep.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/drivers/driver.h"
#include "agent/drivers/load_balancer/address.h"
#include "agent/drivers/load_balancer/instance.h"
#include "agent/drivers/object_state.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::drivers::load_balancer {

struct Drift {
  std::string item;  // "http:files"
  std::string text;  // for people
};

v1::kinds::LoadBalancerKept KeptOf(const v1::ObjectState& state);

class Balancer {
 public:
  Balancer(Environment& environment, v1::ObjectState& state);

  v1::kinds::LoadBalancerKept& kept() { return kept_; }
  AddressHolder Address() { return {env_, state_, kept_}; }
  void Keep();

  // Installs what is not there; answers what it installed.
  Result<std::vector<std::string>> InstallTools(const std::vector<std::string>& packages);
  // Everything of one nginx; the addresses are filled in. What it refuses is not kept.
  Status Configure(kinds::BalancerSide side, const v1::kinds::LoadBalancerInstanceAction& wanted,
                   const v1::Dispatch& dispatch);
  Status RemoveInstance(kinds::BalancerSide side);
  // Has nginx use other members: `wanted` differs from what is kept in the states of backends. On an error the former
  // ones are in use and kept.
  Status Refresh(const v1::kinds::LoadBalancerKept& wanted);
  Status TakeAway(const std::vector<std::string>& keep_packages, std::vector<std::string>* log);

  Result<v1::kinds::LoadBalancerObserved> Observed();
  Result<std::vector<Drift>> Compare();
  Status Repair(const Drift& drift);
  Watches Watched() const;

 private:
  bool Has(kinds::BalancerSide side) const;
  const v1::kinds::LoadBalancerInstanceAction& Of(kinds::BalancerSide side) const;
  // The files of the side as `kept` has it; empty where it has none.
  InstanceFiles FilesOf(const v1::kinds::LoadBalancerKept& kept, kinds::BalancerSide side,
                        const v1::Dispatch* dispatch = nullptr) const;
  Status CheckKeys(const v1::kinds::LoadBalancerInstanceAction& wanted, const v1::Dispatch& dispatch) const;
  Result<std::vector<std::string>> Lacking();
  Result<v1::kinds::LoadBalancerObservedInstance> ObservedInstance(kinds::BalancerSide side);
  // Looked at once for all that is told of it, until something is done to it.
  Result<InstanceFound> Look(kinds::BalancerSide side, const InstanceFiles& files);
  Status CompareInstance(kinds::BalancerSide side, std::vector<Drift>& drift);
  Status ObserveCertificates(v1::kinds::LoadBalancerObserved& out);
  void ObserveBackends(v1::kinds::LoadBalancerObserved& out) const;

  Environment& env_;
  v1::ObjectState& state_;
  v1::kinds::LoadBalancerKept kept_;
  std::map<kinds::BalancerSide, InstanceFound> found_;
};

}  // namespace podwright::drivers::load_balancer
