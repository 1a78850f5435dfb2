// Builds a live database's slice. Internal to the database planner.
//
// One per slice, on one thread; refers to inputs that outlive it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/database.pb.h"
#include "reconciler/planner/kind_planner.h"
#include "reconciler/planner/kinds/database_members.h"

namespace podwright::planner {

class DatabaseDraft {
 public:
  // `replication` is the members' own password; its version 0: it has no value yet.
  DatabaseDraft(const ObjectInput& object, DatabaseMembers members, v1::SecretUse replication, RecordingReader& reader);

  Status Plan();
  SliceDraft& draft() { return draft_; }

 private:
  using Places = std::vector<std::size_t>;

  ActionDraft Action(const std::string& server, std::string verb, std::string subject, std::string summary) const;
  // After everything that is planned for the server so far, and `also`.
  std::size_t Add(const std::string& server, ActionDraft action, const Places& also = {});
  // The action's payload is `payload`, and it gets the addresses that are not known yet and the members' password.
  void SetInstance(const v1::kinds::DatabaseInstanceAction& payload, ActionDraft& action) const;
  v1::kinds::DatabaseConfiguration ConfigurationOf(const std::string& name) const;
  bool AddressesKnown() const;
  bool IsConfigured(const std::string& name) const;

  // database_draft.cc: the instances
  void PlanSoftware(const std::string& name);
  void PlanPrimary();
  void NoteUndeclared(const std::string& name, const std::string& instance);
  void PlanConfiguration(const std::string& name);
  void PlanSlots();
  void PlanReplica(const std::string& name);
  void PlanStart(const std::string& name);
  void PlanRestarts();
  std::vector<std::string> RestartReasons(const std::string& name) const;

  // database_switchover.cc
  bool WishIsOpen() const;
  Status PlanSwitchover();
  void PlanHandover(const std::string& from, const std::string& to);

  // database_contents.cc: users and databases, on the primary that there is after the switchover
  Status PlanContents();
  Status PlanUser(const std::string& name);
  void PlanDatabase(const std::string& name);
  void PlanGrants(const std::string& name);
  void PlanRemovals();
  bool EveryConsumerHas(const v1::SecretUse& use);

  const ObjectInput& object_;
  const v1::kinds::DatabaseSpec& spec_;
  RecordingReader& reader_;
  DatabaseMembers members_;
  v1::SecretUse replication_;
  std::vector<std::string> names_;          // of the members, sorted
  std::map<std::string, Places> own_;       // the last action of each member
  std::map<std::string, bool> configures_;  // members whose configuration this plan changes
  Places primary_ready_;                    // what clones wait for
  SliceDraft draft_;
};

}  // namespace podwright::planner
