#include "reconciler/control/tables.h"

#include "reconciler/store/helpers.h"

namespace podwright::control {
namespace {

template <typename Message>
Result<Message> Parse(const store::KeyValue& kv) {
  Message message;
  if (!message.ParseFromString(kv.value)) return DataLoss("the record " + kv.key + " is damaged");
  return message;
}

// "<prefix><ws>/<kind>/<name>".
ObjectId SplitObjectKey(const std::string& key, std::string_view prefix) {
  const std::string rest = key.substr(prefix.size());
  const std::size_t first = rest.find('/');
  const std::size_t second = rest.find('/', first + 1);
  return {rest.substr(0, first), rest.substr(first + 1, second - first - 1), rest.substr(second + 1)};
}

// "run/<ws>/<id>", "run/<ws>/<id>/p/<n>", "run/<ws>/<id>/a/<n>".
struct RunKey {
  RunId id;
  char what = 'h';
};

RunKey SplitRunKey(const std::string& key) {
  RunKey out;
  const std::size_t begin = keys::kRuns.size();
  const std::size_t slash = key.find('/', begin);
  out.id.workspace = key.substr(begin, slash - begin);
  const std::size_t end = key.find('/', slash + 1);
  out.id.id = key.substr(slash + 1, end == std::string::npos ? end : end - slash - 1);
  if (end != std::string::npos) out.what = key[end + 1];
  return out;
}

Status LoadRuns(store::Store& store, Tables* tables) {
  // A run's own key comes before those of its parts and actions.
  PW_TRY(store::ForEach(store, store::Prefix(keys::kRuns), [&](const store::KeyValue& kv) -> Status {
    const RunKey key = SplitRunKey(kv.key);
    RunRow& row = tables->runs[key.id];
    if (key.what == 'h') {
      PW_ASSIGN(row.header, Parse<v1::Run>(kv));
      if (!IsEnded(row.header.state())) tables->unfinished.insert(key.id);
    } else if (key.what == 'p') {
      PW_ASSIGN(auto part, Parse<v1::RunPart>(kv));
      tables->SetPart(key.id, row.parts.size(), part);
    } else if (!IsEnded(row.header.state())) {
      PW_ASSIGN(auto action, Parse<v1::ActionRecord>(kv));
      row.actions.push_back(std::move(action));
    }
    return Ok();
  }));
  return Ok();
}

Status LoadServers(store::Store& store, Tables* tables) {
  PW_TRY(store::ForEach(store, store::Prefix(keys::kMachines), [&](const store::KeyValue& kv) -> Status {
    PW_ASSIGN(auto record, Parse<v1::MachineRecord>(kv));
    tables->machines[{record.workspace(), record.server()}] = std::move(record);
    return Ok();
  }));
  PW_TRY(store::ForEach(store, store::Prefix(keys::kSeen), [&](const store::KeyValue& kv) -> Status {
    PW_ASSIGN(auto record, Parse<v1::SeenAgent>(kv));
    tables->seen[{record.workspace(), record.server()}] = std::move(record);
    return Ok();
  }));
  return Ok();
}

Status LoadNextEvent(store::Store& store, Tables* tables) {
  // Sequences have no gaps but at the front: the last one is found by halving.
  PW_ASSIGN(const auto first, store.Range({store::Prefix(keys::kEvents), 0, 1, true}));
  if (first.kvs.empty()) return Ok();
  std::uint64_t low = keys::EventSequence(first.kvs.front().key).value_or(1);
  std::uint64_t step = 1;
  const auto exists = [&](std::uint64_t sequence) -> Result<bool> {
    PW_ASSIGN(const auto found,
              store.Range({{keys::Event(sequence), store::Prefix(keys::kEvents).to}, first.revision, 1, true}));
    return !found.kvs.empty();
  };
  while (true) {
    PW_ASSIGN(const bool more, exists(low + step));
    if (!more) break;
    low += step;
    step *= 2;
  }
  std::uint64_t high = low + step;  // nothing there
  while (low + 1 < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    PW_ASSIGN(const bool there, exists(middle));
    (there ? low : high) = middle;
  }
  tables->next_event = low + 1;
  return Ok();
}

}  // namespace

bool IsEnded(v1::RunState state) {
  return state == v1::RUN_STATE_SUCCEEDED || state == v1::RUN_STATE_FAILED || state == v1::RUN_STATE_CANCELLED ||
         state == v1::RUN_STATE_SUPERSEDED;
}

const ObjectRow* Tables::Find(const ObjectId& id) const {
  const auto it = objects.find(id);
  return it == objects.end() ? nullptr : &it->second;
}

v1::ObjectStanding Tables::StateOf(const ObjectId& id) const {
  const ObjectRow* row = Find(id);
  const auto it = states.find(id);
  if (row != nullptr && it != states.end() && it->second.uid() == row->object.uid()) return it->second;
  v1::ObjectStanding fresh;
  if (row != nullptr) fresh.set_uid(row->object.uid());
  return fresh;
}

const RunRow* Tables::ActiveRunOf(const ObjectId& id) const {
  const auto it = active.find(id);
  return it == active.end() ? nullptr : &runs.at(it->second);
}

void Tables::SetPart(const RunId& run, std::size_t place, const v1::RunPart& part) {
  RunRow& row = runs[run];
  if (row.parts.size() <= place) row.parts.resize(place + 1);
  row.parts[place] = part;
  const ObjectId id = IdOf(run.workspace, part.object());
  if (part.state() == v1::RUN_PART_STATE_ACTIVE) {
    active[id] = run;
    return;
  }
  const auto it = active.find(id);
  if (it != active.end() && it->second == run) active.erase(it);
}

void Tables::RemoveRun(const RunId& run) {
  const auto it = runs.find(run);
  if (it == runs.end()) return;
  for (const v1::RunPart& part : it->second.parts) {
    const auto found = active.find(IdOf(run.workspace, part.object()));
    if (found != active.end() && found->second == run) active.erase(found);
  }
  unfinished.erase(run);
  runs.erase(it);
}

Result<Tables> LoadTables(store::Store& store) {
  Tables tables;
  PW_TRY(store::ForEach(store, store::Prefix(keys::kObjects), [&](const store::KeyValue& kv) -> Status {
    PW_ASSIGN(auto object, Parse<v1::StoredObject>(kv));
    const ObjectId id = IdOf(object);
    tables.objects[id] = {std::move(object), kv.mod_revision};
    return Ok();
  }));
  PW_TRY(store::ForEach(store, store::Prefix(keys::kStates), [&](const store::KeyValue& kv) -> Status {
    PW_ASSIGN(auto state, Parse<v1::ObjectStanding>(kv));
    tables.states[SplitObjectKey(kv.key, keys::kStates)] = std::move(state);
    return Ok();
  }));
  PW_TRY(store::ForEach(store, store::Prefix(keys::kAllocations), [&](const store::KeyValue& kv) -> Status {
    tables.allocations[SplitObjectKey(kv.key, keys::kAllocations)] = kv.value;
    return Ok();
  }));
  PW_TRY(LoadRuns(store, &tables));
  PW_TRY(LoadServers(store, &tables));
  PW_TRY(LoadNextEvent(store, &tables));
  return tables;
}

Result<v1::Run> ReadRun(store::Store& store, const RunId& id, store::Revision* revision) {
  // One revision for all: the header's.
  PW_ASSIGN(const auto header, store.Range({store::Single(keys::Run(id)), 0, 0, false}));
  if (header.kvs.empty()) return NotFound("there is no run " + id.id);
  RunRow row;
  PW_ASSIGN(row.header, Parse<v1::Run>(header.kvs.front()));
  PW_TRY(store::ForEach(store, store::Prefix(keys::RunPrefix(id)), [&](const store::KeyValue& kv) -> Status {
    if (SplitRunKey(kv.key).what == 'p') {
      PW_ASSIGN(auto part, Parse<v1::RunPart>(kv));
      row.parts.push_back(std::move(part));
    } else {
      PW_ASSIGN(auto action, Parse<v1::ActionRecord>(kv));
      row.actions.push_back(std::move(action));
    }
    return Ok();
  }));
  if (revision != nullptr) *revision = header.revision;
  return AssembleRun(row);
}

v1::Run AssembleRun(const RunRow& row) {
  v1::Run run = row.header;
  for (const v1::RunPart& part : row.parts) {
    *run.add_objects() = part.object();
    *run.add_parts() = part;
  }
  for (const v1::ActionRecord& action : row.actions) *run.add_actions() = action;
  return run;
}

v1::ObjectRef RefOf(const ObjectId& id) {
  v1::ObjectRef ref;
  ref.set_kind(id.kind);
  ref.set_name(id.name);
  return ref;
}

}  // namespace podwright::control
