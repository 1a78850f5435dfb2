// Builds a live load balancer's slice, server by server. Internal to the load balancer's planner.
//
// One per slice, on one thread; refers to inputs that outlive it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "kinds/load_balancer/configuration_text.h"
#include "podwright/v1/kinds/load_balancer.pb.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// What the object needs on each of its servers, sorted.
std::vector<std::string> BalancerPackages(const v1::kinds::LoadBalancerSpec& spec);

class LoadBalancerDraft {
 public:
  LoadBalancerDraft(const ObjectInput& object, RecordingReader& reader);

  Status Plan();
  SliceDraft& draft() { return draft_; }

 private:
  using Places = std::vector<std::size_t>;

  Status ReadSecrets();
  Status PlanServer(const std::string& server);
  Status PlanSide(const std::string& server, kinds::BalancerSide side);
  Result<v1::kinds::LoadBalancerInstanceAction> InstanceOf(const std::string& server, kinds::BalancerSide side);
  // Of databases and caches; with what they need the action to wait for.
  Status CheckMesh(const ObjectKey& followed, const std::string& mesh);
  Result<v1::kinds::LoadBalancerUpstream> UpstreamOf(const std::string& server, const std::string& backend,
                                                     kinds::BalancerSide side);
  // In the mesh, or without one (an empty name) the server's own; "" where it is not known yet.
  Result<std::string> AddressOf(const std::string& server, const std::string& mesh);
  Status AddDatabase(const v1::kinds::LoadBalancerDatabase& declared, v1::kinds::LoadBalancerUpstream& out);
  Status AddCache(const v1::kinds::LoadBalancerCache& declared, v1::kinds::LoadBalancerUpstream& out);
  Status AddFollowed(const std::string& server, std::int64_t port, const std::string& mesh,
                     v1::kinds::LoadBalancerUpstream& out);
  bool Same(const v1::kinds::LoadBalancerObservedInstance& is,
            const v1::kinds::LoadBalancerInstanceAction& wanted) const;
  std::string WhatChanges(const v1::kinds::LoadBalancerObservedInstance& is,
                          const v1::kinds::LoadBalancerInstanceAction& wanted, kinds::BalancerSide side) const;
  ActionDraft Action(const std::string& server, std::string verb, std::string subject, std::string summary) const;
  void Add(const std::string& server, ActionDraft action);

  const ObjectInput& object_;
  const v1::kinds::LoadBalancerSpec& spec_;
  RecordingReader& reader_;
  std::map<std::string, const v1::kinds::LoadBalancerObserved*> is_;  // by server, never null
  kinds::SecretVersions versions_;
  std::map<std::string, Places> own_;  // this plan's actions on each server, the last of them
  SliceDraft draft_;
};

}  // namespace podwright::planner
