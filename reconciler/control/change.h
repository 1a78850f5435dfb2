// One change of the control plane's state: everything in it, and the events that tell of it, is in the
// store together or not at all; memory follows after that.
//
// A Change is made, filled and committed (once) under the control plane's lock. Without Commit it did nothing.
// When the commit fails nobody knows whether it took effect: memory is read anew before the next use.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "podwright/v1/run.pb.h"
#include "reconciler/control/core.h"

namespace podwright::control {

class Change {
 public:
  explicit Change(Core& core) : core_(core) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  void PutObject(v1::StoredObject object);
  void RemoveObject(const ObjectId& id);  // with its state
  // The state as this change leaves it, to be changed further.
  v1::ObjectStanding& State(const ObjectId& id);
  void PutRun(v1::Run header);
  void PutPart(const RunId& run, std::size_t place, v1::RunPart part);
  void PutAction(const RunId& run, std::size_t place, v1::ActionRecord action);
  void PutMachine(v1::MachineRecord record);
  void RemoveMachine(const ServerId& id);
  void PutSeen(v1::SeenAgent seen);
  void RemoveSeen(const ServerId& id);
  // What was decided once for the object; goes with it.
  void PutAllocation(const ObjectId& id, std::string value);
  // A key that memory does not hold.
  void Put(std::string key, std::string value);
  void Remove(std::string key);
  // `event` needs workspace, type and message; time and sequence are filled in.
  void Tell(v1::Event event);

  // The header as this change leaves it.
  const v1::Run& Header(const RunId& id) const;
  bool empty() const { return ops_.empty() && events_.empty(); }
  Result<store::Revision> Commit();

 private:
  Status ApplyToMemory(store::Revision revision, bool staged);

  Core& core_;
  std::map<std::string, std::optional<std::string>> ops_;  // nullopt: removed
  std::map<ObjectId, std::optional<v1::StoredObject>> objects_;
  std::map<ObjectId, v1::ObjectStanding> states_;
  std::map<RunId, v1::Run> headers_;
  std::map<std::pair<RunId, std::size_t>, v1::RunPart> parts_;
  std::map<std::pair<RunId, std::size_t>, v1::ActionRecord> actions_;
  std::map<ServerId, std::optional<v1::MachineRecord>> machines_;
  std::map<ServerId, std::optional<v1::SeenAgent>> seen_;
  std::map<ObjectId, std::string> allocations_;
  std::vector<v1::Event> events_;
};

// An event with what most have.
v1::Event MakeEvent(const std::string& workspace, std::string type, std::string message);
v1::Event MakeObjectEvent(const ObjectId& object, std::string type, std::string message);

}  // namespace podwright::control
