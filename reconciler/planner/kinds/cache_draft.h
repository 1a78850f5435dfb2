// Builds a live cache's slice, server by server. Internal to the cache planner.
//
// One per slice, on one thread; refers to inputs that outlive it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

// Takes Redis, Sentinel or both away where they are and are not wanted. Answers the places of the actions.
std::vector<std::size_t> PlanCacheLeaving(const ObjectInput& object, RecordingReader& reader, SliceDraft& draft,
                                          const std::vector<std::size_t>& after);

// The member whom most Sentinels take for the primary; without Sentinels the one that says so. "": it cannot be told.
std::string CachePrimaryOf(const v1::kinds::CacheSpec& spec,
                           const std::map<std::string, const v1::kinds::CacheObserved*>& seen);

class CacheDraft {
 public:
  CacheDraft(const ObjectInput& object, const v1::kinds::CacheAllocation& allocation, v1::SecretUse password,
             RecordingReader& reader);

  // The object passed CheckCache.
  Status Plan();
  SliceDraft& draft() { return draft_; }

 private:
  using Places = std::vector<std::size_t>;
  struct Node {
    const v1::kinds::CacheObserved* is = nullptr;  // never null
    std::string address;                           // "" while it is not known
    Places own;                                    // this server's actions so far, the last of them
  };

  Status Look();
  Status LookAtMesh();
  ActionDraft Action(const std::string& server, std::string verb, std::string subject, std::string summary) const;
  std::size_t Add(const std::string& server, ActionDraft action, const Places& also = {});

  void PlanTools(const std::string& name);
  void PlanMember(const std::string& name);
  Status PlanUsers(const std::string& name);
  void PlanSentinel(const std::string& name);
  void PlanWish();
  void PlanLeaving();
  std::size_t Failover(const std::string& to, std::int64_t wish, const std::string& summary, bool moves,
                       const Places& after);

  v1::kinds::CacheTopology Topology() const;
  void BindTopology(const v1::kinds::CacheTopology& topology, ActionDraft& action) const;
  template <typename Found>
  bool AddressesStand(const Found& found) const;
  std::string PrimaryNow() const;
  bool IsMember(const std::string& name) const;
  bool IsSentinel(const std::string& name) const;

  const ObjectInput& object_;
  const v1::kinds::CacheSpec& spec_;
  const v1::kinds::CacheAllocation& allocation_;
  const v1::SecretUse password_;
  RecordingReader& reader_;
  std::string mesh_interface_;
  std::vector<std::string> members_;  // sorted
  std::vector<std::string> sentinels_;
  std::map<std::string, Node> nodes_;
  bool established_ = false;      // some member was set up before
  std::string primary_;           // the member that is, or is to be the first; "" where it cannot be told
  std::int64_t carried_out_ = 0;  // the newest wish that was
  Places members_set_;
  Places sentinels_set_;
  SliceDraft draft_;
};

}  // namespace podwright::planner
