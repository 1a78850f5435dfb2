#include "reconciler/control/runs.h"

#include <algorithm>

#include "core/digest.h"
#include "reconciler/control/change.h"
#include "reconciler/control/readiness.h"
#include "reconciler/control/run_builder.h"
#include "reconciler/control/views.h"

namespace podwright::control {
namespace {

constexpr std::uint32_t kDefaultPage = 50;
constexpr std::uint32_t kMostPage = 500;
constexpr std::int64_t kLongestPause = std::int64_t{30} * 24 * 3600 * 1000;

bool Concerns(const RunRow& row, const v1::ObjectRef& object) {
  if (object.kind().empty()) return true;
  return std::any_of(row.parts.begin(), row.parts.end(), [&](const v1::RunPart& part) {
    return part.object().kind() == object.kind() && part.object().name() == object.name();
  });
}

}  // namespace

Result<v1::Run> GetRun(Core& core, const RunId& id) {
  const auto it = core.tables.runs.find(id);
  if (it == core.tables.runs.end()) return NotFound("there is no run " + id.id + " in the workspace " + id.workspace);
  if (!IsEnded(it->second.header.state())) return AssembleRun(it->second);
  return ReadRun(core.deps.store, id);
}

Result<v1::ListRunsResponse> ListRuns(Core& core, const v1::ListRunsRequest& request) {
  const std::uint32_t page = std::min(request.page_size() == 0 ? kDefaultPage : request.page_size(), kMostPage);
  v1::ListRunsResponse response;
  // Ids rise with time; the token is the last one of the page before.
  auto it = core.tables.runs.lower_bound({request.workspace(), "~"});
  if (!request.page_token().empty()) it = core.tables.runs.lower_bound({request.workspace(), request.page_token()});
  while (it != core.tables.runs.begin()) {
    --it;
    if (it->first.workspace != request.workspace()) break;
    if (!Concerns(it->second, request.object())) continue;
    if (static_cast<std::uint32_t>(response.runs_size()) == page) {
      response.set_next_page_token(response.runs(response.runs_size() - 1).id());
      break;
    }
    v1::Run* run = response.add_runs();
    *run = it->second.header;
    for (const v1::RunPart& part : it->second.parts) {
      *run->add_objects() = part.object();
      *run->add_parts() = part;
    }
  }
  return response;
}

Result<v1::Run> CancelRun(Core& core, const Caller& caller, const RunId& id) {
  const auto it = core.tables.runs.find(id);
  if (it == core.tables.runs.end()) return NotFound("there is no run " + id.id + " in the workspace " + id.workspace);
  if (IsEnded(it->second.header.state())) {
    return FailedPrecondition("the run " + id.id + " has ended already");
  }
  if (!it->second.header.cancel_requested()) {
    Change change(core);
    v1::Run header = it->second.header;
    header.set_cancel_requested(true);
    change.PutRun(std::move(header));
    v1::Event event =
        MakeEvent(id.workspace, "run.cancel-requested", "run " + id.id + ": what is not begun is not done any more");
    event.set_run(id.id);
    event.set_actor(caller.actor);
    change.Tell(std::move(event));
    PW_TRY(change.Commit());
  }
  core.Wake(RunWork(id));
  return AssembleRun(core.tables.runs.at(id));
}

Result<v1::Run> ReleaseRun(Core& core, const Caller& caller, const RunId& id) {
  const auto it = core.tables.runs.find(id);
  if (it == core.tables.runs.end()) return NotFound("there is no run " + id.id + " in the workspace " + id.workspace);
  if (IsEnded(it->second.header.state())) {
    return FailedPrecondition("the run " + id.id + " has ended already");
  }
  if (it->second.header.released_by().empty()) {
    Change change(core);
    v1::Run header = it->second.header;
    header.set_released_by(caller.actor);
    change.PutRun(std::move(header));
    v1::Event event =
        MakeEvent(id.workspace, "run.released", caller.actor + " lets run " + id.id + " go outside its windows");
    event.set_run(id.id);
    event.set_actor(caller.actor);
    change.Tell(std::move(event));
    PW_TRY(change.Commit());
  }
  core.Wake(RunWork(id));
  return AssembleRun(core.tables.runs.at(id));
}

Result<v1::RetryResponse> Retry(Core& core, const Caller& caller, const v1::RetryRequest& request) {
  std::set<ObjectId> objects;
  if (!request.run().empty()) {
    const auto it = core.tables.runs.find({request.workspace(), request.run()});
    if (it == core.tables.runs.end()) return NotFound("there is no run " + request.run());
    for (const v1::RunPart& part : it->second.parts) objects.insert(IdOf(request.workspace(), part.object()));
  } else {
    objects.insert(IdOf(request.workspace(), request.object()));
  }
  std::set<ObjectId> again;
  std::vector<planner::ObjectKey> scope;
  for (const ObjectId& id : objects) {
    const ObjectRow* row = core.tables.Find(id);
    if (row == nullptr) {
      if (request.run().empty()) return NotFound("there is no " + id.Text() + " in the workspace " + id.workspace);
      continue;
    }
    if (core.tables.ActiveRunOf(id) != nullptr) continue;
    const auto slice = core.facts.Slice(id);
    if (!slice || (slice->actions_size() == 0 && slice->error().empty())) continue;
    again.insert(id);
    scope.push_back({id.kind, id.name});
  }
  if (again.empty())
    return FailedPrecondition("there is nothing to try again: everything is as declared, or a run is at it");
  const v1::Plan plan = core.facts.Planner(request.workspace()).CurrentPlan(planner::PlanScope::Of(std::move(scope)));
  Change change(core);
  RunSeed seed;
  seed.workspace = request.workspace();
  seed.actor = caller.actor;
  seed.owner = core.tables.Find(*again.begin())->object.owner();
  seed.objects = again;
  const RunId run = AddRun(core, change, seed, plan);
  for (const ObjectId& id : again) ClearStall(change.State(id));
  PW_TRY(change.Commit());
  v1::RetryResponse response;
  response.set_run(run.id);
  return response;
}

Result<v1::ObjectView> Pause(Core& core, const Caller& caller, const v1::PauseRequest& request) {
  const ObjectId id = IdOf(request.workspace(), request.object());
  if (core.tables.Find(id) == nullptr) {
    return NotFound("there is no " + id.Text() + " in the workspace " + id.workspace);
  }
  if (request.for_ms() < 0 || request.for_ms() > kLongestPause) {
    return InvalidArgument("a pause lasts at most 30 days");
  }
  if (request.reason().size() > 1000) return InvalidArgument("the reason is longer than 1000 bytes");
  Change change(core);
  v1::ObjectStanding& state = change.State(id);
  const bool pause = request.for_ms() > 0;
  if (pause) {
    state.set_paused_until_unix_ms(core.NowMillis() + request.for_ms());
    state.set_pause_reason(request.reason());
    state.set_pause_actor(caller.actor);
  } else {
    state.clear_paused_until_unix_ms();
    state.clear_pause_reason();
    state.clear_pause_actor();
  }
  v1::Event event = MakeObjectEvent(id, pause ? "object.paused" : "object.continued",
                                    pause ? id.Text() + " is paused until " +
                                                FormatRfc3339(FromUnixMillis(state.paused_until_unix_ms())) +
                                                (request.reason().empty() ? "" : ": " + request.reason())
                                          : id.Text() + " is no longer paused");
  event.set_actor(caller.actor);
  change.Tell(std::move(event));
  PW_TRY(change.Commit());
  for (const std::string& server : core.facts.ServersOf(id)) core.Wake(AgentWork({id.workspace, server}));
  core.Look(id);
  core.Wake(ReconcileWork(id.workspace));
  if (const RunRow* run = core.tables.ActiveRunOf(id)) core.Wake(RunWork(IdOf(run->header)));
  return MakeView(core, id);
}

}  // namespace podwright::control
