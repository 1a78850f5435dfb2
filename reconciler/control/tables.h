// What the store holds of the control plane, read into memory once and kept in step by Change.
// Never truth: Load makes it anew at any time.
//
// Threading: protected by the control plane's lock.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "core/result.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/records.pb.h"
#include "podwright/v1/run.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/store/store.h"

namespace podwright::control {

struct ObjectRow {
  v1::StoredObject object;
  store::Revision revision = 0;
};

struct RunRow {
  v1::Run header;  // without objects, parts and actions
  std::vector<v1::RunPart> parts;
  std::vector<v1::ActionRecord> actions;  // of unfinished runs; of others they are in the store
};

bool IsEnded(v1::RunState state);

struct Tables {
  std::map<ObjectId, ObjectRow> objects;
  std::map<ObjectId, v1::ObjectStanding> states;
  std::map<RunId, RunRow> runs;
  std::map<ServerId, v1::MachineRecord> machines;
  std::map<ServerId, v1::SeenAgent> seen;
  std::map<ObjectId, std::string> allocations;  // encoded messages of the kinds' own
  std::set<RunId> unfinished;
  std::map<ObjectId, RunId> active;  // whose part of an unfinished run is active; at most one run an object
  std::uint64_t next_event = 1;

  const ObjectRow* Find(const ObjectId& id) const;
  // The state of this very object; an empty one where there is none, or only that of a former uid.
  v1::ObjectStanding StateOf(const ObjectId& id) const;
  // The unfinished run in which the object's part is active; nullptr: none.
  const RunRow* ActiveRunOf(const ObjectId& id) const;
  void SetPart(const RunId& run, std::size_t place, const v1::RunPart& part);
  void RemoveRun(const RunId& run);
};

Result<Tables> LoadTables(store::Store& store);
// The whole run as people see it: header, objects, parts and actions, from the store.
Result<v1::Run> ReadRun(store::Store& store, const RunId& id, store::Revision* revision = nullptr);

// Orders a run row as one message.
v1::Run AssembleRun(const RunRow& row);

inline RunId IdOf(const v1::Run& run) {
  return {run.workspace(), run.id()};
}
inline ObjectId IdOf(const v1::StoredObject& object) {
  return {object.workspace(), object.kind(), object.name()};
}
inline ObjectId IdOf(const std::string& workspace, const v1::ObjectRef& ref) {
  return {workspace, ref.kind(), ref.name()};
}
v1::ObjectRef RefOf(const ObjectId& id);

}  // namespace podwright::control
