#include "agent/drivers/database/database_driver.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "agent/drivers/database/apt_origin.h"
#include "agent/drivers/database/checks.h"
#include "agent/drivers/database/drift.h"
#include "agent/drivers/object_state.h"
#include "agent/drivers/secrets/sealed.h"
#include "kinds/database/database_form.h"
#include "podwright/v1/agent.pb.h"

namespace podwright::drivers {
namespace {

using database::DatabaseConfiguration;
using database::DatabaseKept;
using database::DatabaseObserved;
using database::DatabaseSpec;
using database::Engine;
using database::Identity;
using database::Instance;
using database::Role;
using database::SecretString;
using database::Setup;

constexpr char kKept[] = "database";

DatabaseKept KeptOf(const v1::ObjectState& state) {
  DatabaseKept kept;
  const auto found = state.kept().find(kKept);
  if (found != state.kept().end()) static_cast<void>(kept.ParseFromString(found->second));
  return kept;
}

Result<DatabaseSpec> SpecOf(const std::string& bytes) {
  DatabaseSpec spec;
  if (!spec.ParseFromString(bytes)) return InvalidArgument("the spec of the database cannot be read");
  return spec;
}

Instance InstanceOf(const v1::ObjectState& state, const DatabaseConfiguration& configuration) {
  return {state.object().name(), configuration.version(), configuration.instance(), configuration.port()};
}

Instance InstanceOf(const v1::ObjectState& state, const DatabaseSpec& spec) {
  const std::string& name = state.object().name();
  return {name, spec.version(), kinds::DatabaseInstance(name, spec), kinds::DatabasePort(spec)};
}

std::string Endpoint(const std::string& address, std::int64_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::string_view RoleText(Role role) {
  return role == Role::kPrimary ? "primary" : role == Role::kReplica ? "replica" : "unknown";
}

// One action as it is carried out.
struct Work {
  const ActionContext& context;
  v1::ObjectState& state;
  DatabaseKept& kept;
  Engine& engine;
  Instance instance;
  Done done;

  Setup setup() const { return {instance, kept}; }
};

class DatabaseDriver final : public Driver {
 public:
  DatabaseDriver(Environment& environment, const DatabaseEngines& engines) : env_(environment) {
    for (const char* name : {kinds::kPostgresql, kinds::kMysql}) {
      if (auto engine = engines(name)) engines_[name] = std::move(engine);
    }
    verbs_["database.software.install"] = &DatabaseDriver::Install;
    verbs_["database.instance.create"] = &DatabaseDriver::Create;
    verbs_["database.instance.adopt"] = &DatabaseDriver::Adopt;
    verbs_["database.instance.configure"] = &DatabaseDriver::Configure;
    verbs_["database.instance.clone"] = &DatabaseDriver::Clone;
    verbs_["database.instance.rejoin"] = &DatabaseDriver::Rejoin;
    verbs_["database.instance.start"] = &DatabaseDriver::Start;
    verbs_["database.instance.restart"] = &DatabaseDriver::Restart;
    verbs_["database.instance.retire"] = &DatabaseDriver::Retire;
    verbs_["database.primary.fence"] = &DatabaseDriver::Fence;
    verbs_["database.primary.unfence"] = &DatabaseDriver::Unfence;
    verbs_["database.primary.promote"] = &DatabaseDriver::Promote;
    verbs_["database.replica.follow"] = &DatabaseDriver::Follow;
    verbs_["database.slots.set"] = &DatabaseDriver::SetSlots;
    verbs_["database.user.ensure"] = &DatabaseDriver::EnsureUser;
    verbs_["database.user.remove"] = &DatabaseDriver::RemoveUser;
    verbs_["database.grants.set"] = &DatabaseDriver::SetGrants;
    verbs_["database.database.ensure"] = &DatabaseDriver::EnsureDatabase;
    verbs_["database.database.remove"] = &DatabaseDriver::RemoveDatabase;
  }

  std::string Kind() const override { return "database"; }
  std::vector<std::string> Verbs() const override {
    std::vector<std::string> verbs;
    for (const auto& entry : verbs_) verbs.push_back(entry.first);
    return verbs;
  }

  Result<Observation> Observe(const v1::ObjectState& state, const std::string& bytes) override {
    PW_ASSIGN(const DatabaseSpec spec, SpecOf(bytes));
    const DatabaseKept kept = KeptOf(state);
    PW_ASSIGN(Engine * engine, EngineOf(spec.engine()));
    // What is there stays what is looked at, whatever version somebody asks for now.
    const Instance instance =
        kept.has_configuration() ? InstanceOf(state, kept.configuration()) : InstanceOf(state, spec);
    PW_TRY(database::CheckInstanceName(instance.version, instance.name));
    PW_ASSIGN(DatabaseObserved observed, engine->Look({instance, spec, kept}));
    PW_TRY(AddLacking(*engine, spec.version(), observed));
    PW_TRY(AddKept(*engine, instance, kept, observed));
    PW_ASSIGN(const std::string origin, database::PinnedOrigin(env_.host.files, instance.object));
    if (!origin.empty()) observed.set_apt_source(origin);
    *observed.mutable_managed() = state.managed();
    Observation out;
    out.drift = database::DriftOf(state, kept, observed);
    NoteStranded(state.object().name(), observed.state() == "stranded");
    out.observed = EncodeStable(observed);
    return out;
  }

  Watches Watch(const v1::ObjectState& state) override {
    const DatabaseKept kept = KeptOf(state);
    const auto engine = EngineOf(kept.configuration().engine());
    if (!engine.ok()) return {};
    return (*engine)->Watch(InstanceOf(state, kept.configuration()));
  }

  Result<std::string> Fact(const std::string& fact, const v1::ObjectState& state) override {
    const DatabaseKept kept = KeptOf(state);
    PW_ASSIGN(Engine * engine, EngineOf(kept.configuration().engine()));
    PW_ASSIGN(const Identity identity, engine->Identify(InstanceOf(state, kept.configuration())));
    if (fact == "database.timeline:") return identity.running ? std::to_string(identity.timeline) : std::string();
    if (fact == "database.role:") return identity.running ? std::string(RoleText(identity.role)) : std::string();
    return InvalidArgument("this agent does not know the guard \"" + fact + "\"");
  }

  Result<Proof> Prove(const v1::Dispatch& /*dispatch*/, const v1::ObjectState& state) override {
    const DatabaseKept kept = KeptOf(state);
    if (!kept.has_configuration()) return Proof{{"instance", "unknown"}};
    PW_ASSIGN(Engine * engine, EngineOf(kept.configuration().engine()));
    const Instance instance = InstanceOf(state, kept.configuration());
    const auto identity = engine->IdentifyOften(instance);
    Proof proof;
    if (!identity.ok()) return Proof{{"instance", identity.error().message()}};
    proof["instance"] = !identity->exists ? "absent" : identity->running ? "running" : "stopped";
    proof["role"] = std::string(RoleText(identity->role));
    proof["timeline"] = std::to_string(identity->timeline);
    proof["invocation"] = InvocationOf(engine->Unit(instance));
    return proof;
  }

  Result<Done> Execute(const ActionContext& context, v1::ObjectState& state) override {
    const auto verb = verbs_.find(context.dispatch.action().verb());
    if (verb == verbs_.end()) {
      return Unimplemented("this agent does not know the verb " + context.dispatch.action().verb());
    }
    PW_ASSIGN(const DatabaseSpec spec, SpecOf(context.dispatch.spec()));
    DatabaseKept kept = KeptOf(state);
    PW_ASSIGN(Engine * engine, EngineOf(spec.engine()));
    Work work{context, state, kept, *engine, InstanceOf(state, spec), {}};
    PW_TRY(database::CheckInstanceName(work.instance.version, work.instance.name));
    const Status acted = (this->*verb->second)(work);
    // Also of an action that failed half-way: what is there is known.
    (*state.mutable_kept())[kKept] = EncodeStable(kept);
    if (!acted.ok()) return acted.error();
    state.set_confirmed(true);
    state.set_confirmed_spec(context.dispatch.spec());
    work.done.changed = true;
    return std::move(work.done);
  }

  std::vector<Repair> RepairDrift(v1::ObjectState& state,
                                  const std::function<bool(const std::string& item)>& permit) override {
    const DatabaseKept kept = KeptOf(state);
    const auto engine = EngineOf(kept.configuration().engine());
    if (!engine.ok()) return {};
    const Setup setup{InstanceOf(state, kept.configuration()), kept};
    std::vector<Repair> repairs;
    if (const auto stand = (*engine)->FilesStand(setup); stand.ok() && !*stand && permit("configuration:")) {
      repairs.push_back(
          {"configuration:", "the configuration is not as it was written", (*engine)->RestoreFiles(setup)});
    }
    const auto identity = (*engine)->Identify(setup.instance);
    const bool stopped = identity.ok() && identity->exists && !identity->running && !identity->fenced;
    if (stopped && permit("service:")) {
      repairs.push_back(
          {"service:", "the instance " + setup.instance.name + " is stopped", (*engine)->Start(setup.instance)});
    }
    return repairs;
  }

  bool ClaimsRoles(const v1::ObjectState& state) const override { return KeptOf(state).has_configuration(); }

  // A fenced instance is stopped, and so claims nothing.
  std::vector<roles::RoleClaim> Roles(const v1::ObjectState& state) const override {
    const DatabaseKept kept = KeptOf(state);
    roles::RoleClaim claim;
    claim.kind = Kind();
    claim.name = state.object().name();
    const auto engine = EngineOf(kept.configuration().engine());
    if (!engine.ok()) return {};
    const auto identity = (*engine)->IdentifyOften(InstanceOf(state, kept.configuration()));
    if (!identity.ok() || !identity->running) return {claim};
    if (identity->role == Role::kReplica && IsStranded(claim.name)) return {claim};  // nobody should read there
    claim.role = identity->role == Role::kPrimary   ? roles::Role::kPrimary
                 : identity->role == Role::kReplica ? roles::Role::kReplica
                                                    : roles::Role::kUnknown;
    claim.epoch = static_cast<std::uint64_t>(std::max<std::int64_t>(0, identity->timeline));
    const DatabaseConfiguration& configuration = kept.configuration();
    const std::string& believed = claim.role == roles::Role::kPrimary ? configuration.member() : kept.upstream();
    const auto address = configuration.members().find(believed);
    if (address != configuration.members().end()) claim.primary = Endpoint(address->second, configuration.port());
    return {claim};
  }

 private:
  using Verb = Status (DatabaseDriver::*)(Work&);

  void NoteStranded(const std::string& object, bool stranded) {
    std::lock_guard lock(mutex_);
    if (stranded) {
      stranded_.insert(object);
    } else {
      stranded_.erase(object);
    }
  }
  bool IsStranded(const std::string& object) const {
    std::lock_guard lock(mutex_);
    return stranded_.contains(object);
  }

  Result<Engine*> EngineOf(const std::string& name) const {
    const auto found = engines_.find(name);
    if (found == engines_.end()) return Unimplemented("this agent does not know the engine \"" + name + "\"");
    return found->second.get();
  }

  Status AddLacking(const Engine& engine, const std::string& version, DatabaseObserved& observed) {
    const std::vector<std::string> needed = engine.Packages(version);
    PW_ASSIGN(const auto installed, env_.host.packages.Installed(needed));
    for (const std::string& package : needed) {
      if (!installed.contains(package)) observed.add_lacking(package);
    }
    return Ok();
  }

  static Status AddKept(Engine& engine, const Instance& instance, const DatabaseKept& kept,
                        DatabaseObserved& observed) {
    if (!kept.has_configuration() || !observed.has_state()) return Ok();
    const DatabaseConfiguration& configuration = kept.configuration();
    const auto own = configuration.members().find(configuration.member());
    if (own != configuration.members().end()) {
      observed.set_address(own->second);
      observed.set_port(configuration.port());
      observed.set_endpoint(Endpoint(own->second, configuration.port()));
    }
    observed.set_wish(configuration.wish());
    if (observed.role() == "replica" && !kept.upstream().empty()) observed.set_upstream(kept.upstream());
    PW_ASSIGN(const bool stand, engine.FilesStand({instance, kept}));
    if (stand) {
      observed.set_configuration(kinds::DatabaseConfigurationDigest(configuration));
      observed.set_replication_secret(configuration.replication().version());
    }
    return Ok();
  }

  // ---- the instance ----

  // The configuration of the action with the addresses that came bound.
  static Status TakeConfiguration(Work& work, v1::kinds::DatabaseInstanceAction* payload) {
    PW_ASSIGN(*payload, ParsePayload<v1::kinds::DatabaseInstanceAction>(work.context.dispatch.action()));
    DatabaseConfiguration& configuration = *payload->mutable_configuration();
    for (auto& [name, address] : *configuration.mutable_members()) {
      if (!address.empty()) continue;
      const auto bound = work.context.dispatch.bound().find("address/" + name);
      if (bound == work.context.dispatch.bound().end())
        return InvalidArgument("the address of " + name + " is lacking");
      address = bound->second;
    }
    PW_TRY(database::CheckConfiguration(configuration));
    const bool known = configuration.members().contains(payload->upstream());
    if (!payload->upstream().empty() && (!known || payload->upstream() == configuration.member())) {
      return InvalidArgument("\"" + payload->upstream() + "\" is no other member");
    }
    return Ok();
  }

  // Takes the configuration over, acts, and keeps what was before where that fails.
  template <typename Act>
  Status WithConfiguration(Work& work, const Act& act) {
    v1::kinds::DatabaseInstanceAction payload;
    PW_TRY(TakeConfiguration(work, &payload));
    PW_ASSIGN(const SecretString password,
              SecretValue(env_, work.context.dispatch, payload.configuration().replication()));
    const DatabaseKept before = work.kept;
    *work.kept.mutable_configuration() = payload.configuration();
    work.kept.set_upstream(payload.upstream());
    AddManaged(work.state, "instance:" + work.instance.name);
    Status acted = act(work.setup(), password);
    // What was never whole is kept with what it was meant to be; what was, as it was.
    if (!acted.ok() && before.has_configuration()) work.kept = before;
    return acted;
  }

  Status Install(Work& work) {
    const std::vector<std::string> needed = work.engine.Packages(work.instance.version);
    PW_TRY(work.engine.BeforeInstall());
    PW_TRY(ChooseSource(work));
    for (const std::string& package : needed) {
      PW_ASSIGN(const auto installed, env_.host.packages.Installed({package}));
      if (installed.contains(package)) continue;
      PW_TRY(env_.host.packages.Install(package, ""));
      AddManaged(work.state, "package:" + package);
      work.done.log.push_back("installed " + package);
    }
    return Ok();
  }

  // What is installed already stays; only what is installed from now on comes from there.
  Status ChooseSource(Work& work) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::DatabaseSoftwareAction>(work.context.dispatch.action()));
    const std::string& object = work.instance.object;
    if (payload.apt_source().empty()) return database::Unpin(env_.host.files, object);
    return database::PinTo(env_.host, object, payload.engine(), {payload.apt_source(), payload.apt_uri()},
                           work.instance.version);
  }

  Status Create(Work& work) {
    return WithConfiguration(work, [&](const Setup& setup, const SecretString& password) {
      return work.engine.Create(setup, password, work.done.log);
    });
  }
  Status Adopt(Work& work) {
    return WithConfiguration(work, [&](const Setup& setup, const SecretString& password) {
      return work.engine.Adopt(setup, password, work.done.log);
    });
  }
  Status Clone(Work& work) {
    return WithConfiguration(work, [&](const Setup& setup, const SecretString& password) {
      return work.engine.Clone(setup, password, work.done.log);
    });
  }
  Status Rejoin(Work& work) {
    return WithConfiguration(work, [&](const Setup& setup, const SecretString& password) {
      return work.engine.Rejoin(setup, password, work.done.log);
    });
  }
  // The role is found when it comes to it: what the plan saw may have changed since.
  Status Configure(Work& work) {
    return WithConfiguration(work, [&](const Setup& setup, const SecretString& password) -> Status {
      PW_ASSIGN(const Identity identity, work.engine.Identify(setup.instance));
      if (identity.Is(Role::kPrimary)) work.kept.clear_upstream();
      return work.engine.Configure(setup, password, work.done.log);
    });
  }

  Status Start(Work& work) { return work.engine.Start(work.instance); }

  // Of a unit that runs: changes with every start. Without a program, for nobody can write during some actions.
  std::string InvocationOf(const std::string& unit) {
    std::string stamp = env_.host.units.Stamp({unit});
    while (stamp.ends_with(';')) stamp.pop_back();
    return stamp;
  }

  Status Restart(Work& work) {
    const auto before = work.context.before.find("invocation");
    if (work.context.resumed && before != work.context.before.end()) {
      const std::string now = InvocationOf(work.engine.Unit(work.instance));
      if (!now.empty() && now != before->second) return Ok();  // an earlier try did
    }
    PW_ASSIGN(const bool restarted, work.engine.RestartIfPending(work.instance));
    work.done.log.push_back(restarted ? "restarted" : "the server does not ask for a restart");
    return Ok();
  }

  Status Retire(Work& work) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::DatabaseRetireAction>(work.context.dispatch.action()));
    PW_TRY(work.engine.Retire(work.instance, payload.purge(), work.done.log));
    PW_TRY(database::Unpin(env_.host.files, work.instance.object));
    work.done.forget_object = true;
    return Ok();
  }

  // ---- roles ----

  Status Fence(Work& work) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::DatabaseFenceAction>(work.context.dispatch.action()));
    if (!database::IsMemberName(payload.successor())) return InvalidArgument("the successor has no name");
    return work.engine.Fence(work.instance, payload.successor());
  }

  Status Unfence(Work& work) {
    work.kept.clear_upstream();
    return work.engine.Unfence(work.setup());
  }

  Status Promote(Work& work) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::DatabasePromoteAction>(work.context.dispatch.action()));
    const auto position = work.context.dispatch.bound().find("position");
    if (position == work.context.dispatch.bound().end()) {
      return InvalidArgument("where the former primary stopped is not known");
    }
    const std::vector<std::string> slots(payload.slots().begin(), payload.slots().end());
    if (!std::all_of(slots.begin(), slots.end(), database::IsMemberName)) return InvalidArgument("a slot has no name");
    const DatabaseKept before = work.kept;
    work.kept.clear_upstream();
    Status promoted = work.engine.Promote(work.setup(), position->second, slots);
    if (!promoted.ok()) {
      work.kept = before;
      return promoted;
    }
    work.kept.mutable_configuration()->set_wish(payload.wish());
    return Ok();
  }

  Status Follow(Work& work) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::DatabaseFollowAction>(work.context.dispatch.action()));
    if (!work.kept.configuration().members().contains(payload.upstream())) {
      return InvalidArgument("\"" + payload.upstream() + "\" is no member that is known here");
    }
    work.kept.set_upstream(payload.upstream());
    return work.engine.Follow(work.setup());
  }

  Status SetSlots(Work& work) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::DatabaseSlotsAction>(work.context.dispatch.action()));
    const std::vector<std::string> members(payload.members().begin(), payload.members().end());
    if (!std::all_of(members.begin(), members.end(), database::IsMemberName))
      return InvalidArgument("a slot has no name");
    return work.engine.SetSlots(work.instance, members);
  }

  // ---- contents ----

  static Result<v1::kinds::DatabaseUserAction> UserOf(const Work& work) {
    PW_ASSIGN(auto payload, ParsePayload<v1::kinds::DatabaseUserAction>(work.context.dispatch.action()));
    bool plain = database::IsPlainName(payload.name()) &&
                 (payload.login().empty() || database::IsPlainName(payload.login())) &&
                 std::all_of(payload.drop_logins().begin(), payload.drop_logins().end(), database::IsPlainName) &&
                 std::all_of(payload.revoke().begin(), payload.revoke().end(), database::IsPlainName);
    for (const auto& grant : payload.grants()) plain = plain && database::IsPlainName(grant.first);
    if (!plain) return InvalidArgument("what came as a name is none");
    return payload;
  }

  Status EnsureUser(Work& work) {
    PW_ASSIGN(const auto payload, UserOf(work));
    SecretString password;
    if (!payload.login().empty()) {
      PW_ASSIGN(password, SecretValue(env_, work.context.dispatch, payload.secret()));
    }
    return work.engine.EnsureUser(work.instance, payload, password);
  }
  Status SetGrants(Work& work) {
    PW_ASSIGN(const auto payload, UserOf(work));
    return work.engine.SetGrants(work.instance, payload);
  }
  Status RemoveUser(Work& work) {
    PW_ASSIGN(const auto payload, UserOf(work));
    return work.engine.RemoveUser(work.instance, payload.name());
  }

  static Result<v1::kinds::DatabaseDatabaseAction> DatabaseOf(const Work& work) {
    PW_ASSIGN(auto payload, ParsePayload<v1::kinds::DatabaseDatabaseAction>(work.context.dispatch.action()));
    if (!database::IsPlainName(payload.name()) ||
        (!payload.owner().empty() && !database::IsPlainName(payload.owner()))) {
      return InvalidArgument("what came as a name is none");
    }
    return payload;
  }
  Status EnsureDatabase(Work& work) {
    PW_ASSIGN(const auto payload, DatabaseOf(work));
    return work.engine.EnsureDatabase(work.instance, payload);
  }
  Status RemoveDatabase(Work& work) {
    PW_ASSIGN(const auto payload, DatabaseOf(work));
    return work.engine.RemoveDatabase(work.instance, payload.name());
  }

  Environment& env_;
  std::map<std::string, std::unique_ptr<Engine>> engines_;
  std::map<std::string, Verb> verbs_;
  mutable std::mutex mutex_;
  std::set<std::string> stranded_;  // protected by mutex_: replicas that were found so, by object
};

}  // namespace

std::unique_ptr<Driver> MakeDatabaseDriverWith(Environment& environment, const DatabaseEngines& engines) {
  return std::make_unique<DatabaseDriver>(environment, engines);
}

std::unique_ptr<Driver> MakeDatabaseDriver(Environment& environment) {
  return MakeDatabaseDriverWith(environment,
                                [&](const std::string& name) { return database::MakeEngine(name, environment); });
}

}  // namespace podwright::drivers
