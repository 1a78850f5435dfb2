#include "reconciler/control/run_builder.h"

#include <cstdio>

#include "reconciler/control/policy/waves.h"

namespace podwright::control {
namespace {

std::string NewRunId(Core& core) {
  char time[16];
  std::snprintf(time, sizeof time, "%011llx", static_cast<unsigned long long>(core.NowMillis()));
  return std::string(time) + core.deps.random.Id(5);
}

std::string Counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::map<ObjectId, std::uint32_t> WavesOf(Core& core, const RunSeed& seed, const std::vector<v1::Action>& actions) {
  if (seed.waves) return *seed.waves;
  const Policy policy = PolicyOf(core, seed.workspace);
  if (policy.waves.empty()) return {};
  std::vector<const v1::Action*> pointers;
  pointers.reserve(actions.size());
  for (const v1::Action& action : actions) pointers.push_back(&action);
  return AssignWaves(policy, seed.workspace, seed.objects, pointers, [&](const ObjectId& id) {
    const ObjectRow* row = core.tables.Find(id);
    return row == nullptr ? Labels() : row->object.labels();
  });
}

std::set<std::string> OpenActions(const Core& core, const std::string& workspace) {
  std::set<std::string> ids;
  for (const RunId& run : core.tables.unfinished) {
    if (run.workspace != workspace) continue;
    for (const v1::ActionRecord& record : core.tables.runs.at(run).actions) ids.insert(BaseId(record.action().id()));
  }
  return ids;
}

}  // namespace

Selection SelectActions(const Core& core, const std::string& workspace, const v1::Plan& plan,
                        const std::set<ObjectId>& objects) {
  Selection out;
  std::map<std::string, const v1::Action*> by_id;
  for (const v1::Slice& slice : plan.slices()) {
    const ObjectId id = IdOf(workspace, slice.object());
    if (objects.contains(id)) out.slices[id] = &slice;
    for (const v1::Action& action : slice.actions()) by_id[action.id()] = &action;
  }
  const std::set<std::string> open = OpenActions(core, workspace);
  // The order is topological: what a blocked object's actions held up is found in one pass over each object's
  // actions, but an object may be blocked by its last one; so until nothing changes.
  bool changed = true;
  while (changed) {
    changed = false;
    for (const std::string& action_id : plan.order()) {
      const v1::Action& action = *by_id.at(action_id);
      const ObjectId object = IdOf(workspace, action.object());
      if (!objects.contains(object) || out.blocked.contains(object)) continue;
      for (const std::string& dependency : action.depends_on()) {
        const auto found = by_id.find(dependency);
        if (found == by_id.end()) continue;
        const ObjectId other = IdOf(workspace, found->second->object());
        const bool here = objects.contains(other) && !out.blocked.contains(other);
        if (here || open.contains(dependency)) continue;
        out.blocked[object] = other.Text();
        changed = true;
        break;
      }
    }
  }
  for (const std::string& action_id : plan.order()) {
    const v1::Action& action = *by_id.at(action_id);
    const ObjectId object = IdOf(workspace, action.object());
    if (objects.contains(object) && !out.blocked.contains(object)) out.actions.push_back(action);
  }
  return out;
}

std::string BaseId(const std::string& action_id) {
  return action_id.substr(0, action_id.find('~'));
}

// An agent does an id only once in a run: what a later round asks for again has another one.
void AddActions(Change& change, const RunId& id, std::size_t place, std::uint32_t round,
                const std::vector<v1::Action>& actions) {
  const std::string suffix = round > 1 ? "~" + std::to_string(round) : "";
  std::set<std::string> ids;
  for (const v1::Action& action : actions) ids.insert(action.id());
  for (const v1::Action& action : actions) {
    v1::ActionRecord record;
    *record.mutable_action() = action;
    record.mutable_action()->set_id(action.id() + suffix);
    for (std::string& dependency : *record.mutable_action()->mutable_depends_on()) {
      if (ids.contains(dependency)) dependency += suffix;
    }
    record.set_state(v1::ACTION_STATE_PENDING);
    record.set_round(round);
    change.PutAction(id, place++, std::move(record));
  }
}

void Supersede(Core& core, Change& change, const ObjectId& object) {
  const RunRow* row = core.tables.ActiveRunOf(object);
  if (row == nullptr) return;
  const RunId id = IdOf(row->header);
  for (std::size_t place = 0; place < row->parts.size(); ++place) {
    v1::RunPart part = row->parts[place];
    if (part.state() != v1::RUN_PART_STATE_ACTIVE || IdOf(id.workspace, part.object()) != object) continue;
    part.set_state(v1::RUN_PART_STATE_SUPERSEDED);
    part.set_reason("Superseded");
    part.set_message("a newer revision of " + object.Text() + " took over");
    change.PutPart(id, place, std::move(part));
  }
  for (std::size_t place = 0; place < row->actions.size(); ++place) {
    v1::ActionRecord record = row->actions[place];
    if (record.state() != v1::ACTION_STATE_PENDING || IdOf(id.workspace, record.action().object()) != object) continue;
    record.set_state(v1::ACTION_STATE_SKIPPED);
    record.set_done_unix_ms(core.NowMillis());
    record.mutable_outcome()->set_error("a newer revision of " + object.Text() + " took over");
    change.PutAction(id, place, std::move(record));
  }
  core.Wake(RunWork(id));
}

RunId AddRun(Core& core, Change& change, const RunSeed& seed, const v1::Plan& plan) {
  RunId id{seed.workspace, NewRunId(core)};
  for (const ObjectId& object : seed.objects) Supersede(core, change, object);
  const Selection selection = SelectActions(core, seed.workspace, plan, seed.objects);

  v1::Run header;
  header.set_id(id.id);
  header.set_workspace(seed.workspace);
  header.set_owner(seed.owner);
  header.set_actor(seed.actor);
  header.set_state(v1::RUN_STATE_QUEUED);
  header.set_plan_digest(plan.digest());
  header.set_created_unix_ms(core.NowMillis());
  header.set_bound(seed.bound);
  header.set_background(seed.background);
  header.set_epoch(core.epoch);
  header.set_round(1);
  std::int64_t downtime = 0;
  for (const v1::Action& action : selection.actions) downtime += action.downtime_ms();
  header.set_estimated_downtime_ms(downtime);

  const std::map<ObjectId, std::uint32_t> waves = WavesOf(core, seed, selection.actions);
  std::size_t place = 0;
  for (const ObjectId& object : seed.objects) {
    v1::RunPart part;
    *part.mutable_object() = RefOf(object);
    const auto wave = waves.find(object);
    if (wave != waves.end()) part.set_wave(wave->second);
    part.set_state(v1::RUN_PART_STATE_ACTIVE);
    const auto slice = selection.slices.find(object);
    if (slice != selection.slices.end()) {
      part.set_generation(slice->second->generation());
      part.set_slice_digest(slice->second->digest());
    }
    const auto blocked = selection.blocked.find(object);
    if (blocked != selection.blocked.end()) {
      part.set_state(v1::RUN_PART_STATE_BLOCKED);
      part.set_reason("WaitsForDependency");
      part.set_message("waits for " + blocked->second + ", on which no run works");
    }
    change.State(object).set_last_run(id.id);
    change.PutPart(id, place++, std::move(part));
  }
  AddActions(change, id, 0, 1, selection.actions);
  change.PutRun(header);
  v1::Event event = MakeEvent(seed.workspace, "run.created",
                              "run " + id.id + ": " + Counted(selection.actions.size(), "action") + " on " +
                                  Counted(seed.objects.size(), "object"));
  event.set_run(id.id);
  event.set_actor(seed.actor);
  change.Tell(std::move(event));
  core.Wake(RunWork(id));
  return id;
}

void RefreshPlan(Core& core, const RunId& id, Change& change) {
  const RunRow& row = core.tables.runs.at(id);
  std::set<ObjectId> active;
  std::set<ObjectId> differs;
  for (const v1::RunPart& part : row.parts) {
    if (part.state() != v1::RUN_PART_STATE_ACTIVE) continue;
    const ObjectId object = IdOf(id.workspace, part.object());
    active.insert(object);
    const auto slice = core.facts.Slice(object);
    const std::string digest = slice && (slice->actions_size() > 0 || !slice->error().empty()) ? slice->digest() : "";
    const bool same = part.slice_digest().empty() ? digest.empty() : digest == part.slice_digest();
    if (!same) differs.insert(object);
  }
  if (differs.empty()) return;
  for (std::size_t place = 0; place < row.actions.size(); ++place) {
    v1::ActionRecord record = row.actions[place];
    if (record.state() != v1::ACTION_STATE_PENDING) continue;
    if (!row.header.bound() && !active.contains(IdOf(id.workspace, record.action().object()))) continue;
    record.set_state(v1::ACTION_STATE_SKIPPED);
    record.mutable_outcome()->set_error("a fact that the plan stands on changed before the run began");
    change.PutAction(id, place, std::move(record));
  }
  if (row.header.bound()) {
    for (std::size_t place = 0; place < row.parts.size(); ++place) {
      v1::RunPart part = row.parts[place];
      if (part.state() != v1::RUN_PART_STATE_ACTIVE) continue;
      part.set_state(v1::RUN_PART_STATE_CANCELLED);
      part.set_reason("PlanChanged");
      part.set_message("facts of " + differs.begin()->Text() +
                       " changed before the run began, and only the approved plan may run: plan and apply again");
      change.PutPart(id, place, std::move(part));
    }
    return;
  }
  v1::Run header = change.Header(id);
  header.set_round(header.round() + 1);
  std::vector<planner::ObjectKey> scope;
  scope.reserve(active.size());
  for (const ObjectId& object : active) scope.push_back({object.kind, object.name});
  const v1::Plan plan = core.facts.Planner(id.workspace).CurrentPlan(planner::PlanScope::Of(std::move(scope)));
  AddActions(change, id, row.actions.size(), header.round(), SelectActions(core, id.workspace, plan, active).actions);
  change.PutRun(std::move(header));
}

void RefreshObjects(Core& core, const RunId& id, const std::set<ObjectId>& objects, Change& change) {
  const RunRow& row = core.tables.runs.at(id);
  std::set<ObjectId> mine;
  std::vector<planner::ObjectKey> scope;
  bool differs = false;
  for (const v1::RunPart& part : row.parts) {
    const ObjectId object = IdOf(id.workspace, part.object());
    if (part.state() != v1::RUN_PART_STATE_ACTIVE || !objects.contains(object)) continue;
    const auto slice = core.facts.Slice(object);
    differs = differs || !slice || slice->digest() != part.slice_digest();
    mine.insert(object);
    scope.push_back({object.kind, object.name});
  }
  if (!differs) return;
  for (std::size_t place = 0; place < row.actions.size(); ++place) {
    v1::ActionRecord record = row.actions[place];
    if (record.state() != v1::ACTION_STATE_PENDING || !record.compensates().empty()) continue;
    if (!mine.contains(IdOf(id.workspace, record.action().object()))) continue;
    record.set_state(v1::ACTION_STATE_SKIPPED);
    record.mutable_outcome()->set_error("a fact that the plan stands on changed while it waited");
    change.PutAction(id, place, std::move(record));
  }
  v1::Run header = change.Header(id);
  header.set_round(header.round() + 1);
  const v1::Plan plan = core.facts.Planner(id.workspace).CurrentPlan(planner::PlanScope::Of(std::move(scope)));
  const Selection selection = SelectActions(core, id.workspace, plan, mine);
  AddActions(change, id, row.actions.size(), header.round(), selection.actions);
  for (std::size_t place = 0; place < row.parts.size(); ++place) {
    v1::RunPart part = row.parts[place];
    const auto slice = selection.slices.find(IdOf(id.workspace, part.object()));
    if (slice == selection.slices.end()) continue;
    part.set_slice_digest(slice->second->digest());
    change.PutPart(id, place, std::move(part));
  }
  change.PutRun(std::move(header));
}

std::vector<std::string> AwaitedOf(Core& core, const ObjectId& object) {
  std::vector<std::string> out;
  const planner::FactBase& base = core.facts.Base(object.workspace);
  const auto* found = base.FindObject({object.kind, object.name});
  if (found == nullptr) return out;
  for (const planner::ObjectKey& reference : found->input.references) {
    if (base.FindObject(reference) == nullptr) {
      out.push_back(reference.Text() + ", which does not exist yet");
    } else if (reference.kind == "secret") {
      const auto* secret = base.FindSecret(reference.name);
      if (secret != nullptr && secret->input.version > 0) continue;
      out.push_back(reference.Text() + ", which has no value yet: `podwright secret set " + reference.name + "`");
    }
  }
  return out;
}

}  // namespace podwright::control
