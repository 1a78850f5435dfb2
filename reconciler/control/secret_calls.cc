#include "reconciler/control/secret_calls.h"

#include <algorithm>

#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/control/change.h"
#include "reconciler/control/readiness.h"
#include "reconciler/control/run_builder.h"

namespace podwright::control {
namespace {

constexpr std::size_t kMaxValueBytes = 64U << 10;
constexpr std::size_t kMaxOther = 4U << 10;  // of a request, beside the value

// One run over everyone who names the secret and has something to do now. Objects on which another run works, and those
// whose agents are away, follow in the background.
std::string AddFanOut(Engine& engine, Change& change, const Caller& caller, const ObjectId& id) {
  Core& core = engine.core;
  std::vector<planner::ObjectKey> scope;
  for (const planner::Referrer& referrer : core.facts.Base(id.workspace).ReferrersOf({id.kind, id.name})) {
    if (referrer.lifecycle == planner::ObjectLifecycle::kLive) scope.push_back(referrer.key);
  }
  if (scope.empty()) return "";
  const v1::Plan plan = core.facts.Planner(id.workspace).CurrentPlan(planner::PlanScope::Of(scope));
  RunSeed seed;
  seed.workspace = id.workspace;
  seed.actor = caller.actor;
  for (const v1::Slice& slice : plan.slices()) {
    const ObjectId object = IdOf(id.workspace, slice.object());
    const bool named =
        std::find(scope.begin(), scope.end(), planner::ObjectKey{object.kind, object.name}) != scope.end();
    if (!named || slice.actions_size() == 0 || !slice.error().empty()) continue;
    if (core.tables.ActiveRunOf(object) != nullptr) continue;
    const v1::ObjectStanding standing = core.tables.StateOf(object);
    if (!standing.stalled_reason().empty() && standing.stalled_digest() == slice.digest()) continue;
    const bool there = std::all_of(slice.actions().begin(), slice.actions().end(), [&](const v1::Action& action) {
      return action.executor() != v1::EXECUTOR_AGENT || core.Connected({id.workspace, action.server()});
    });
    if (there) seed.objects.insert(object);
  }
  for (const auto& [object, on] : SelectActions(core, id.workspace, plan, seed.objects).blocked) {
    seed.objects.erase(object);
  }
  if (seed.objects.empty()) return "";
  for (const ObjectId& object : seed.objects) ClearStall(change.State(object));
  return AddRun(core, change, seed, plan).id;
}

Result<v1::SecretVersion> Tell(Engine& engine, const Caller& caller, const ObjectId& id, std::int64_t version) {
  Change change(engine.core);
  v1::Event event = MakeObjectEvent(id, "secret.changed", id.Text() + " has version " + std::to_string(version));
  event.set_actor(caller.actor);
  change.Tell(std::move(event));
  v1::SecretVersion out;
  out.set_name(id.name);
  out.set_version(version);
  out.set_run(AddFanOut(engine, change, caller, id));
  PW_TRY(change.Commit());
  engine.executor.WakeQueued(id.workspace);
  engine.core.Look(id);
  engine.core.Wake(ReconcileWork(id.workspace));
  return out;
}

Result<const ObjectRow*> FindLive(Engine& engine, const ObjectId& id) {
  const ObjectRow* row = engine.core.tables.Find(id);
  if (row == nullptr || row->object.lifecycle() != v1::LIFECYCLE_LIVE) {
    return NotFound("there is no " + id.Text() + " in the workspace " + id.workspace + ": declare it first");
  }
  return row;
}

}  // namespace

Result<v1::SecretVersion> SetSecretValue(Engine& engine, const Caller& caller, const ObjectId& id,
                                         const v1::SetSecretRequest& request) {
  PW_ASSIGN(const ObjectRow* row, FindLive(engine, id));
  if (request.value().empty() == request.parts().empty()) {
    return InvalidArgument(request.parts().empty() ? "the value is empty" : "give either a value or parts");
  }
  if (request.ByteSizeLong() > kMaxValueBytes + kMaxOther) return InvalidArgument("the value is larger than 64 KiB");
  v1::kinds::SecretSpec spec;
  if (!spec.ParseFromString(row->object.spec())) return DataLoss("the spec of " + id.Text() + " is damaged");
  PW_ASSIGN(const NewSecretValue fresh, SecretDoor::Shape(id, spec, request.value(), request.parts()));
  const std::string& idempotency_key = request.idempotency_key();
  const std::int64_t before = engine.secrets.CurrentVersion(id);
  PW_ASSIGN(const std::int64_t version,
            engine.secrets.Store(fresh, idempotency_key.empty() ? "" : "set/" + idempotency_key));
  if (version == before) {
    v1::SecretVersion same;
    same.set_name(id.name);
    same.set_version(version);
    return same;
  }
  return Tell(engine, caller, id, version);
}

Result<v1::SecretVersion> RotateSecretValue(Engine& engine, const Caller& caller, const ObjectId& id) {
  PW_ASSIGN(const ObjectRow* row, FindLive(engine, id));
  PW_ASSIGN(const std::int64_t version, engine.secrets.Rotate(id, row->object.spec()));
  return Tell(engine, caller, id, version);
}

Status RenewCertificates(Engine& engine) {
  Core& core = engine.core;
  const Caller self{"podwrightd", Role::kAdmin, "*"};
  struct Due {
    ObjectId secret;
    ObjectId object;
    v1::kinds::SecretGenerator generator;
  };
  std::vector<Due> due;
  for (const auto& [id, row] : core.tables.objects) {
    if (row.object.lifecycle() != v1::LIFECYCLE_LIVE) continue;
    const auto look = [&, object = id](const ObjectId& secret, const v1::kinds::SecretGenerator& generator) {
      const auto when = engine.secrets.RenewalOf(secret, generator);
      if (when && *when <= core.Now()) due.push_back({secret, object, generator});
    };
    if (id.kind == "secret") {
      v1::kinds::SecretSpec spec;
      if (spec.ParseFromString(row.object.spec())) look(id, spec.generator());
      continue;
    }
    const planner::KindPlanner* kind = core.deps.planners.Find(id.kind);
    const auto* fact = core.facts.Base(id.workspace).FindObject({id.kind, id.name});
    if (kind == nullptr || fact == nullptr) continue;
    for (const planner::InternalSecret& internal : kind->InternalSecrets(fact->input)) {
      look({id.workspace, "secret", planner::InternalSecretName(fact->input.key, internal.name)}, internal.generator);
    }
  }
  for (const Due& one : due) {
    NewSecretValue value;
    value.secret = one.secret;
    value.generate = true;
    value.generator = one.generator.SerializeAsString();
    PW_ASSIGN(const std::int64_t version, engine.secrets.Store(value, ""));
    if (one.secret == one.object) {
      PW_TRY(Tell(engine, self, one.secret, version));
    } else {
      core.Look(one.object);
      core.Wake(ReconcileWork(one.object.workspace));
    }
  }
  return Ok();
}

Status CheckReadable(Engine& engine, const ObjectId& id) {
  PW_TRY(FindLive(engine, id));
  if (engine.secrets.CurrentVersion(id) == 0) {
    return FailedPrecondition(id.Text() + " has no value yet: bring it with `podwright secret set " + id.name + "`");
  }
  return Ok();
}

}  // namespace podwright::control
