// Builds a live mesh's slice, member by member. Internal to the mesh planner.
//
// One per slice, on one thread; refers to inputs that outlive it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

class MeshDraft {
 public:
  MeshDraft(const ObjectInput& object, const v1::kinds::MeshAllocation& allocation, RecordingReader& reader);

  // The object passed CheckMesh.
  Status Plan();
  SliceDraft& draft() { return draft_; }

 private:
  using Places = std::vector<std::size_t>;
  // A member: what was found, and the actions that this plan has for it.
  struct Member {
    const v1::kinds::MeshObserved* is = nullptr;  // never null
    std::string address;
    std::string reached_at;  // the address that the server itself says; "" while it is not known
    bool has_key = false;
    Places own;  // this member's actions so far, the last of them
    Places key;  // that makes its key
    bool rotates = false;
  };

  Status Look(const std::string& name);
  ActionDraft Action(const std::string& server, std::string verb, std::string subject, std::string summary) const;
  // After everything that is planned for the server so far, and `also`.
  std::size_t Add(const std::string& server, ActionDraft action, const Places& also = {});

  void PlanTools(const std::string& name);
  void PlanKey(const std::string& name);
  void PlanRules(const std::string& name);
  void PlanInterface(const std::string& name);
  void PlanPeers(const std::string& name);
  void PlanNames(const std::string& name);
  void PlanRotation();
  Places Stage(const std::vector<std::string>& rotating);
  void Announce(const std::vector<std::string>& rotating, const Places& staged, Places& announced);

  bool PeerDiffers(const Member& at, const std::string& peer) const;
  std::string EndpointOf(const std::string& peer) const;  // "" where it is not known yet
  std::int64_t KeepaliveOf(const std::string& peer) const;
  v1::kinds::MeshRulesAction RulesOf(const std::string& name) const;

  const ObjectInput& object_;
  const v1::kinds::MeshSpec& spec_;
  const v1::kinds::MeshAllocation& allocation_;
  RecordingReader& reader_;
  std::vector<std::string> names_;  // of the members, sorted
  std::map<std::string, Member> members_;
  std::map<std::string, std::vector<std::string>> services_;  // servers by the name of a database or cache
  int prefix_length_ = 0;
  SliceDraft draft_;
};

}  // namespace podwright::planner
