#include "reconciler/control/secret_door.h"

#include "kinds/secret_mentions.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/secrets/parts.h"
#include "reconciler/secrets/secret_store.h"

namespace podwright::control {
namespace {

// The value leaves no copy behind in a message that is thrown away.
void Wipe(std::string* text) {
  text->assign(text->size(), '\0');
}

secrets::SecretName NameOf(const ObjectId& id) {
  return {id.workspace, id.name};
}

}  // namespace

namespace {
planner::SecretInput FactFrom(const secrets::SecretInfo& info) {
  planner::SecretInput input;
  input.name = info.secret.name;
  input.version = info.current;
  for (const secrets::VersionInfo& version : info.versions) {
    if (version.version == info.current) {
      input.parts = version.parts;
    } else {
      input.former[version.version] = version.parts;
    }
  }
  return input;
}

// Another length is for the next rotation; another key or certificate is another value.
bool IsAnother(const v1::kinds::SecretSpec& was, const v1::kinds::SecretGenerator& now) {
  if (!was.has_generator()) return true;
  return was.generator().key_pair().SerializeAsString() != now.key_pair().SerializeAsString() ||
         was.generator().certificate().SerializeAsString() != now.certificate().SerializeAsString() ||
         was.generator().has_key_pair() != now.has_key_pair() ||
         was.generator().has_certificate() != now.has_certificate();
}
}  // namespace

Status SecretDoor::LoadVersions(const std::string& workspace) {
  PW_ASSIGN(const auto all, core_.deps.secrets.List(workspace));
  for (const secrets::SecretInfo& info : all) {
    Known& known = known_[{workspace, "secret", info.secret.name}];
    known = {FactFrom(info), info.versions.back().created};
    core_.facts.PutSecret(workspace, known.fact);
  }
  return Ok();
}

Status SecretDoor::Refresh(const ObjectId& secret) {
  PW_ASSIGN(const auto info, core_.deps.secrets.Describe(NameOf(secret)));
  Known& known = known_[secret];
  known = {FactFrom(info), info.versions.back().created};
  core_.facts.PutSecret(secret.workspace, known.fact);
  return Ok();
}

std::int64_t SecretDoor::CurrentVersion(const ObjectId& secret) const {
  const auto it = known_.find(secret);
  return it == known_.end() ? 0 : it->second.fact.version;
}

planner::SecretInput SecretDoor::FactOf(const ObjectId& secret, const NewSecretValue* next) const {
  planner::SecretInput input;
  if (const auto it = known_.find(secret); it != known_.end()) input = it->second.fact;
  input.name = secret.name;
  if (next == nullptr) return input;
  if (input.version > 0) input.former[input.version] = input.parts;
  input.version = next->version;
  input.parts = next->parts;
  return input;
}

Result<std::vector<NewSecretValue>> SecretDoor::MissingInternal(const planner::KindPlanner& kind,
                                                                const std::string& workspace,
                                                                const planner::ObjectInput& object) const {
  std::vector<NewSecretValue> out;
  for (const planner::InternalSecret& wanted : kind.InternalSecrets(object)) {
    NewSecretValue value;
    value.secret = {workspace, "secret", planner::InternalSecretName(object.key, wanted.name)};
    if (CurrentVersion(value.secret) > 0) continue;
    value.generate = true;
    value.generator = wanted.generator.SerializeAsString();
    value.parts = SecretMaker::PartsOf(wanted.generator);
    PW_ASSIGN(const std::int64_t last, core_.deps.secrets.LastVersion(NameOf(value.secret)));
    value.version = last + 1;
    out.push_back(std::move(value));
  }
  return out;
}

Result<bool> SecretDoor::SameAsCurrent(const ObjectId& secret, const crypto::SecretString& value) {
  PW_ASSIGN(const auto opened, core_.deps.secrets.Open(NameOf(secret), 0, "podwrightd"));
  return opened.value == value;
}

Result<std::optional<NewSecretValue>> SecretDoor::TakeValue(const ObjectId& secret, const std::string* before,
                                                            std::string* spec) {
  if (secret.kind != "secret") return std::optional<NewSecretValue>();
  v1::kinds::SecretSpec now;
  v1::kinds::SecretSpec was;
  if (!now.ParseFromString(*spec) || (before != nullptr && !was.ParseFromString(*before)))
    return InvalidArgument("the spec of " + secret.Text() + " is damaged");
  const std::int64_t current = CurrentVersion(secret);
  PW_ASSIGN(const std::int64_t last, core_.deps.secrets.LastVersion(NameOf(secret)));
  std::optional<NewSecretValue> out;
  if (now.has_value()) {
    crypto::SecretString plain{std::string_view(now.value())};
    Wipe(now.mutable_value());
    now.clear_value();
    Wipe(spec);
    *spec = now.SerializeAsString();
    PW_ASSIGN(NewSecretValue value, Shape(secret, now, plain.Reveal(), {}));
    // value_version says whether it changed; without one the value itself does.
    bool same = current > 0 && before != nullptr;
    if (same && (now.has_value_version() || was.has_value_version())) {
      same = now.has_value_version() == was.has_value_version() && now.value_version() == was.value_version();
    } else if (same) {
      PW_ASSIGN(same, SameAsCurrent(secret, value.value));
    }
    if (!same) out = std::move(value);
  } else if (now.has_sealed()) {
    if (current > 0 && was.has_sealed() && was.sealed() == now.sealed()) return out;
    const auto plain = maker_.Unseal(secret.workspace, secret.name, now.sealed());
    if (!plain.ok()) return InvalidArgument(secret.Text() + ": sealed: " + plain.error().message());
    PW_ASSIGN(out, Shape(secret, now, plain->Reveal(), {}));
  } else if (now.has_generator() && (current == 0 || (before != nullptr && IsAnother(was, now.generator())))) {
    NewSecretValue value;
    value.secret = secret;
    value.generate = true;
    value.generator = now.generator().SerializeAsString();
    value.parts = SecretMaker::PartsOf(now.generator());
    out = std::move(value);
  }
  if (out) out->version = last + 1;
  return out;
}

Result<NewSecretValue> SecretDoor::Shape(const ObjectId& secret, const v1::kinds::SecretSpec& spec,
                                         std::string_view value,
                                         const google::protobuf::Map<std::string, std::string>& parts) {
  NewSecretValue out;
  out.secret = secret;
  const std::vector<std::string> names(spec.parts().begin(), spec.parts().end());
  if (names.empty()) {
    if (!parts.empty()) {
      return InvalidArgument(secret.Text() + " is one value: name its parts in `parts` of its spec first");
    }
    out.value = crypto::SecretString(value);
    return out;
  }
  const auto shaped = [&]() -> Result<secrets::Parts> {
    if (parts.empty()) return secrets::PartsFromJson(value, names);
    secrets::Parts given;
    for (const auto& [name, text] : parts) given[name] = crypto::SecretString(std::string_view(text));
    PW_TRY(secrets::CheckNames(given, names));
    return given;
  }();
  if (!shaped.ok()) return InvalidArgument(secret.Text() + ": " + shaped.error().message());
  PW_ASSIGN(out.value, secrets::EncodeParts(*shaped));
  out.parts = secrets::NamesOf(*shaped);
  return out;
}

std::optional<WallTime> SecretDoor::RenewalOf(const ObjectId& secret,
                                              const v1::kinds::SecretGenerator& generator) const {
  const auto it = known_.find(secret);
  if (!generator.has_certificate() || it == known_.end()) return std::nullopt;
  return it->second.made + SecretMaker::LifeOf(generator.certificate()) * 2 / 3;
}

std::set<std::int64_t> SecretDoor::PinnedVersions(const ObjectId& secret) const {
  std::set<std::int64_t> out;
  const planner::FactBase& base = core_.facts.Base(secret.workspace);
  for (const planner::Referrer& referrer : base.ReferrersOf({secret.kind, secret.name})) {
    const auto* object = base.FindObject(referrer.key);
    if (object == nullptr) continue;
    for (const kinds::SecretMention& mention : kinds::SecretMentions(*object->input.spec)) {
      if (mention.secret == secret.name && mention.version > 0) out.insert(mention.version);
    }
  }
  return out;
}

void SecretDoor::DropValue(const std::string& kind, std::string* spec) {
  if (kind != "secret") return;
  v1::kinds::SecretSpec parsed;
  if (!parsed.ParseFromString(*spec) || !parsed.has_value()) return;
  Wipe(parsed.mutable_value());
  Wipe(spec);
  // That there is a value stays in the digest.
  parsed.set_value("");
  *spec = parsed.SerializeAsString();
}

Result<std::int64_t> SecretDoor::Store(const NewSecretValue& value, const std::string& idempotency_key) {
  std::int64_t version = 0;
  const std::set<std::int64_t> pinned = PinnedVersions(value.secret);
  if (value.generate) {
    v1::kinds::SecretGenerator generator;
    if (!generator.ParseFromString(value.generator)) return Internal("a generator is damaged");
    PW_ASSIGN(const MadeValue made, maker_.Make(value.secret.workspace, value.secret.name, generator));
    PW_ASSIGN(version, core_.deps.secrets.Set(NameOf(value.secret), made.value, "", made.parts, pinned));
  } else {
    PW_ASSIGN(version, core_.deps.secrets.Set(NameOf(value.secret), value.value, idempotency_key, value.parts, pinned));
  }
  PW_TRY(Refresh(value.secret));
  return version;
}

Result<std::int64_t> SecretDoor::Rotate(const ObjectId& secret, const std::string& encoded) {
  v1::kinds::SecretSpec spec;
  if (!spec.ParseFromString(encoded)) return DataLoss("the spec of " + secret.Text() + " is damaged");
  if (!spec.has_generator()) {
    return FailedPrecondition(secret.Text() + " has no generator; bring its new value with `podwright secret set " +
                              secret.name + "`");
  }
  NewSecretValue value;
  value.secret = secret;
  value.generate = true;
  value.generator = spec.generator().SerializeAsString();
  return Store(value, "");
}

Result<v1::SealedSecret> SecretDoor::SealFor(const ServerId& server, const v1::SecretUse& use) {
  PW_ASSIGN(const std::string key, core_.deps.agent_keys.SealingKey(server.workspace, server.server));
  PW_ASSIGN(auto sealed,
            core_.deps.secrets.SealFor({server.workspace, use.name()}, use.version(), key, server.server, use.key()));
  v1::SealedSecret out;
  out.set_name(use.name());
  out.set_version(sealed.version);
  out.set_key(use.key());
  out.set_sealed(std::move(sealed.sealed));
  return out;
}

Status SecretDoor::DeleteOne(const ObjectId& secret) {
  Status status = core_.deps.secrets.Delete(NameOf(secret));
  if (!status.ok() && status.error().code() != ErrorCode::kNotFound) return status;
  known_.erase(secret);
  core_.facts.RemoveSecret(secret.workspace, secret.name);
  return Ok();
}

Status SecretDoor::Delete(const ObjectId& object) {
  if (object.kind == "secret") return DeleteOne(object);
  const std::string prefix = planner::InternalSecretName({object.kind, object.name}, "");
  std::vector<ObjectId> going;
  for (auto it = known_.lower_bound({object.workspace, "secret", prefix});
       it != known_.end() && it->first.workspace == object.workspace && it->first.name.starts_with(prefix); ++it) {
    going.push_back(it->first);
  }
  for (const ObjectId& secret : going) PW_TRY(DeleteOne(secret));
  return Ok();
}

}  // namespace podwright::control
