#include "reconciler/control/secret_calls.h"

#include "reconciler/control/change.h"

namespace podwright::control {
namespace {

constexpr std::size_t kMaxValueBytes = 64U << 10;

// Objects that deliver the secret read its version: their slices change, and a run brings the value to them.
Result<v1::SecretVersion> Tell(Engine& engine, const Caller& caller, const ObjectId& id, std::int64_t version) {
  Change change(engine.core);
  v1::Event event = MakeObjectEvent(id, "secret.changed", id.Text() + " has version " + std::to_string(version));
  event.set_actor(caller.actor);
  change.Tell(std::move(event));
  PW_TRY(change.Commit());
  engine.executor.WakeQueued(id.workspace);
  engine.core.Look(id);
  engine.core.Wake(ReconcileWork(id.workspace));
  v1::SecretVersion out;
  out.set_name(id.name);
  out.set_version(version);
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
                                         const std::string& value, const std::string& idempotency_key) {
  PW_TRY(FindLive(engine, id));
  if (value.empty()) return InvalidArgument("the value is empty");
  if (value.size() > kMaxValueBytes) return InvalidArgument("the value is larger than 64 KiB");
  NewSecretValue fresh;
  fresh.secret = id;
  fresh.value = crypto::SecretString(std::string_view(value));
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

Status CheckReadable(Engine& engine, const ObjectId& id) {
  PW_TRY(FindLive(engine, id));
  if (engine.secrets.CurrentVersion(id) == 0) {
    return FailedPrecondition(id.Text() + " has no value yet: bring it with `podwright secret set " + id.name + "`");
  }
  return Ok();
}

}  // namespace podwright::control
