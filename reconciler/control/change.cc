#include "reconciler/control/change.h"

#include "core/log.h"
#include "core/log_keys.h"
#include "reconciler/store/helpers.h"

namespace podwright::control {

void Change::PutObject(v1::StoredObject object) {
  const ObjectId id = IdOf(object);
  ops_[keys::Object(id)] = object.SerializeAsString();
  objects_[id] = std::move(object);
}

void Change::RemoveObject(const ObjectId& id) {
  ops_[keys::Object(id)] = std::nullopt;
  ops_[keys::State(id)] = std::nullopt;
  if (core_.tables.allocations.contains(id)) ops_[keys::Allocation(id)] = std::nullopt;
  objects_[id] = std::nullopt;
  states_.erase(id);
}

v1::ObjectStanding& Change::State(const ObjectId& id) {
  const auto it = states_.find(id);
  if (it != states_.end()) return it->second;
  v1::ObjectStanding state = core_.tables.StateOf(id);
  const auto object = objects_.find(id);
  if (object != objects_.end() && object->second && object->second->uid() != state.uid()) {
    state.Clear();
    state.set_uid(object->second->uid());
  }
  return states_[id] = std::move(state);
}

void Change::PutRun(v1::Run header) {
  const RunId id = IdOf(header);
  header.clear_objects();
  header.clear_parts();
  header.clear_actions();
  headers_[id] = std::move(header);
}

void Change::PutPart(const RunId& run, std::size_t place, v1::RunPart part) {
  ops_[keys::RunPart(run, place)] = part.SerializeAsString();
  parts_[{run, place}] = std::move(part);
}

void Change::PutAction(const RunId& run, std::size_t place, v1::ActionRecord action) {
  ops_[keys::RunAction(run, place)] = action.SerializeAsString();
  actions_[{run, place}] = std::move(action);
}

void Change::PutMachine(v1::MachineRecord record) {
  const ServerId id{record.workspace(), record.server()};
  ops_[keys::Machine(id)] = record.SerializeAsString();
  machines_[id] = std::move(record);
}

void Change::RemoveMachine(const ServerId& id) {
  ops_[keys::Machine(id)] = std::nullopt;
  machines_[id] = std::nullopt;
}

void Change::PutSeen(v1::SeenAgent seen) {
  const ServerId id{seen.workspace(), seen.server()};
  ops_[keys::Seen(id)] = seen.SerializeAsString();
  seen_[id] = std::move(seen);
}

void Change::RemoveSeen(const ServerId& id) {
  ops_[keys::Seen(id)] = std::nullopt;
  seen_[id] = std::nullopt;
}

void Change::PutAllocation(const ObjectId& id, std::string value) {
  ops_[keys::Allocation(id)] = value;
  allocations_[id] = std::move(value);
}

void Change::Put(std::string key, std::string value) {
  ops_[std::move(key)] = std::move(value);
}

void Change::Remove(std::string key) {
  ops_[std::move(key)] = std::nullopt;
}

void Change::Tell(v1::Event event) {
  event.set_unix_ms(core_.NowMillis());
  events_.push_back(std::move(event));
}

const v1::Run& Change::Header(const RunId& id) const {
  const auto it = headers_.find(id);
  return it == headers_.end() ? core_.tables.runs.at(id).header : it->second;
}

Result<store::Revision> Change::Commit() {
  for (const auto& [id, state] : states_) ops_[keys::State(id)] = state.SerializeAsString();
  for (const auto& [id, header] : headers_) ops_[keys::Run(id)] = header.SerializeAsString();
  std::vector<store::Op> ops;
  ops.reserve(ops_.size() + events_.size());
  for (auto& [key, value] : ops_) {
    ops.push_back(value ? store::Op::Put(key, std::move(*value)) : store::Op::Delete(key));
  }
  std::uint64_t sequence = core_.tables.next_event;
  for (const v1::Event& event : events_)
    ops.push_back(store::Op::Put(keys::Event(sequence++), event.SerializeAsString()));
  const bool staged = NeedsStaging(ops);
  auto revision = CommitStaged(core_.deps.store, core_.deps.random, core_.fence, std::move(ops));
  if (!revision.ok()) {
    core_.reload_needed = true;
    core_.trouble = revision.error();
    core_.WakeAt(kProbeWork, core_.Steady() + core_.options.backoff_first);
    return revision;
  }
  core_.trouble.reset();
  core_.tables.next_event = sequence;
  Status applied = ApplyToMemory(*revision, staged);
  if (!applied.ok()) {
    core_.reload_needed = true;
    return std::move(applied).error();
  }
  return revision;
}

Status Change::ApplyToMemory(store::Revision revision, bool staged) {
  Tables& tables = core_.tables;
  for (auto& [id, object] : objects_) {
    if (!object) {
      tables.objects.erase(id);
      tables.states.erase(id);
      tables.allocations.erase(id);
      core_.facts.RemoveObject(id);
      continue;
    }
    store::Revision of_object = revision;
    if (staged) {
      PW_ASSIGN(const auto kv, store::Get(core_.deps.store, keys::Object(id)));
      if (kv) of_object = kv->mod_revision;
    }
    PW_TRY(core_.facts.PutObject(*object));
    tables.objects[id] = {std::move(*object), of_object};
  }
  for (auto& [id, value] : allocations_) {
    PW_TRY(core_.facts.PutAllocation(id, value));
    tables.allocations[id] = std::move(value);
  }
  for (auto& [id, state] : states_) tables.states[id] = std::move(state);
  for (auto& [id, header] : headers_) {
    const bool ended = IsEnded(header.state());
    RunRow& row = tables.runs[id];
    row.header = std::move(header);
    if (ended) {
      tables.unfinished.erase(id);
    } else {
      tables.unfinished.insert(id);
    }
  }
  for (const auto& [place, part] : parts_) tables.SetPart(place.first, place.second, part);
  for (auto& [place, action] : actions_) {
    auto& actions = tables.runs[place.first].actions;
    if (actions.size() <= place.second) actions.resize(place.second + 1);
    actions[place.second] = std::move(action);
  }
  for (const auto& [id, header] : headers_) {
    RunRow& row = tables.runs[id];
    if (IsEnded(row.header.state())) row.actions = {};
  }
  for (auto& [id, record] : machines_) {
    if (record) {
      core_.facts.PutMachine(*record);
      tables.machines[id] = std::move(*record);
    } else {
      core_.facts.RemoveMachine(id);
      tables.machines.erase(id);
    }
  }
  for (auto& [id, seen] : seen_) {
    if (seen) {
      core_.facts.PutAgent(id, *seen);
      tables.seen[id] = std::move(*seen);
    } else {
      tables.seen.erase(id);
    }
  }
  return Ok();
}

v1::Event MakeEvent(const std::string& workspace, std::string type, std::string message) {
  v1::Event event;
  event.set_workspace(workspace);
  event.set_type(std::move(type));
  event.set_message(std::move(message));
  return event;
}

v1::Event MakeObjectEvent(const ObjectId& object, std::string type, std::string message) {
  v1::Event event = MakeEvent(object.workspace, std::move(type), std::move(message));
  *event.mutable_object() = RefOf(object);
  return event;
}

}  // namespace podwright::control
