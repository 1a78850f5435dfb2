#include "agent/drivers/cache/cache_driver.h"

#include <algorithm>

#include "agent/drivers/cache/claims.h"
#include "agent/drivers/cache/context.h"
#include "agent/drivers/cache/failover.h"
#include "agent/drivers/cache/member.h"
#include "agent/drivers/cache/watcher.h"
#include "agent/drivers/secrets/sealed.h"
#include "core/digest.h"
#include "kinds/cache/cache_form.h"

namespace podwright::drivers {
namespace {

using cache::Context;
using cache::Drift;
using cache::Member;
using cache::Watcher;

constexpr char kPackage[] = "package:";

class CacheDriver final : public Driver {
 public:
  explicit CacheDriver(Environment& environment) : env_(environment) {
    verbs_["cache.tools.install"] = &CacheDriver::InstallTools;
    verbs_["cache.member.set"] = &CacheDriver::SetMember;
    verbs_["cache.users.set"] = &CacheDriver::SetUsers;
    verbs_["cache.sentinel.set"] = &CacheDriver::SetSentinel;
    verbs_["cache.sentinel.forget"] = &CacheDriver::Forget;
    verbs_["cache.failover"] = &CacheDriver::Failover;
    verbs_["cache.leave"] = &CacheDriver::Leave;
  }

  std::string Kind() const override { return "cache"; }
  std::vector<std::string> Verbs() const override {
    std::vector<std::string> verbs;
    for (const auto& entry : verbs_) verbs.push_back(entry.first);
    return verbs;
  }

  // What is found is told of what the actions made; a spec that was not applied yet makes no difference, but for the
  // packages that it needs.
  Result<Observation> Observe(const v1::ObjectState& state, const std::string& /*spec*/) override {
    v1::ObjectState copy = state;
    Context context(env_, copy);
    v1::kinds::CacheObserved out;
    *out.mutable_managed() = state.managed();
    PW_ASSIGN(const std::vector<std::string> lacking, Lacking(context));
    for (const std::string& name : lacking) out.add_lacking(name);
    if (context.kept().wish() > 0) out.set_wish(context.kept().wish());
    Observation observation;
    for (const std::string& name : lacking)
      observation.drift.push_back("package " + name + " is not installed any more");
    if (lacking.empty()) PW_TRY(ObserveRunning(context, out, observation));
    observation.observed = EncodeStable(out);
    return observation;
  }

  Watches Watch(const v1::ObjectState& state) override {
    v1::ObjectState copy = state;
    Context context(env_, copy);
    Watches watches;
    const cache::Paths& paths = context.paths();
    if (context.kept().has_member()) {
      // Redis's own file changes with its role.
      watches.folders = {paths.folder, paths.conf_folder};
      watches.units.push_back(paths.unit);
    }
    if (context.kept().has_sentinel()) {
      watches.folders.insert(paths.sentinel_folder);
      watches.units.push_back(paths.sentinel_unit);
    }
    return watches;
  }

  Result<std::string> Fact(const std::string& fact, const v1::ObjectState& /*state*/) override {
    return InvalidArgument("this agent does not know the guard \"" + fact + "\"");
  }

  Result<Proof> Prove(const v1::Dispatch& /*dispatch*/, const v1::ObjectState& state) override {
    v1::ObjectState copy = state;
    Context context(env_, copy);
    Proof proof;
    proof["kept"] = HexEncode(HmacSha256(env_.local_key, EncodeStable(context.kept()))).substr(0, 32);
    PW_ASSIGN(const auto unit, context.Unit(context.paths().unit));
    proof["redis"] = unit.invocation_id;
    return proof;
  }

  Result<Done> Execute(const ActionContext& action, v1::ObjectState& state) override {
    const auto verb = verbs_.find(action.dispatch.action().verb());
    if (verb == verbs_.end()) {
      return Unimplemented("this agent does not know the verb " + action.dispatch.action().verb());
    }
    Context context(env_, state);
    auto done = (this->*verb->second)(action, context);
    // Also of an action that failed half-way: what is there is known.
    context.Keep();
    if (!done.ok()) return done;
    state.set_confirmed(true);
    state.set_confirmed_spec(action.dispatch.spec());
    done->changed = true;
    return done;
  }

  bool ClaimsRoles(const v1::ObjectState& state) const override {
    return IsManaged(state, "redis:") || IsManaged(state, "sentinel:");
  }
  std::vector<roles::RoleClaim> Roles(const v1::ObjectState& state) const override {
    v1::ObjectState copy = state;
    Context context(env_, copy);
    return cache::TellRoles(context);
  }

  std::vector<Repair> RepairDrift(v1::ObjectState& state,
                                  const std::function<bool(const std::string& item)>& permit) override {
    std::vector<Repair> repairs;
    Context context(env_, state);
    const auto lacking = Lacking(context);
    if (!lacking.ok()) return repairs;  // told by the next observation
    for (const std::string& name : *lacking) {
      const std::string item = kPackage + name;
      if (!permit(item)) continue;
      repairs.push_back({item, "package " + name + " is not installed any more", Install(name, context)});
    }
    if (!lacking->empty()) return repairs;
    const auto mend = [&](const std::vector<Drift>& drift) {
      for (const Drift& one : drift) {
        if (permit(one.item)) repairs.push_back({one.item, one.text, one.repair()});
      }
    };
    if (context.kept().has_sentinel()) {
      Watcher watcher(context);
      if (const auto found = watcher.Look(); found.ok()) mend(watcher.Compare(*found));
    }
    if (context.kept().has_member()) {
      Member member(context);
      if (const auto found = member.Look(); found.ok()) mend(member.Compare(*found));
    }
    context.Keep();
    return repairs;
  }

 private:
  using Verb = Result<Done> (CacheDriver::*)(const ActionContext&, Context&);

  static Status ObserveRunning(Context& context, v1::kinds::CacheObserved& out, Observation& observation) {
    if (context.kept().has_member()) {
      Member member(context);
      PW_ASSIGN(const auto found, member.Look());
      member.Observe(found, *out.mutable_member());
      for (const Drift& one : member.Compare(found)) observation.drift.push_back(one.text);
    }
    if (context.kept().has_sentinel()) {
      Watcher watcher(context);
      PW_ASSIGN(const auto found, watcher.Look());
      watcher.Observe(found, *out.mutable_sentinel());
      for (const Drift& one : watcher.Compare(found)) observation.drift.push_back(one.text);
    }
    return Ok();
  }

  // Of what was set up here.
  Result<std::vector<std::string>> Lacking(Context& context) {
    std::vector<std::string> needed;
    if (context.kept().has_sentinel()) needed.emplace_back(kinds::kRedisSentinel);
    if (context.kept().has_member()) needed.emplace_back(kinds::kRedisServer);
    return LackingOf(needed);
  }
  Result<std::vector<std::string>> LackingOf(const std::vector<std::string>& needed) {
    std::vector<std::string> lacking;
    if (needed.empty()) return lacking;
    PW_ASSIGN(const auto installed, env_.host.packages.Installed(needed));
    for (const std::string& name : needed) {
      if (!installed.contains(name)) lacking.push_back(name);
    }
    return lacking;
  }

  // Debian starts an instance of its own with the package; it is not what was asked for.
  Status Install(const std::string& name, Context& context) {
    PW_TRY(env_.host.packages.Install(name, ""));
    AddManaged(context.state(), kPackage + name);
    const std::string unit = name + ".service";
    PW_ASSIGN(const auto state, context.Unit(unit));
    if (state.load_state == "not-found") return Ok();
    PW_TRY(env_.host.units.Stop(unit));
    return env_.host.units.SetEnabled(unit, false);
  }

  Result<Done> InstallTools(const ActionContext& action, Context& context) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::CacheToolsAction>(action.dispatch.action()));
    PW_ASSIGN(const auto lacking, LackingOf({payload.packages().begin(), payload.packages().end()}));
    Done done;
    for (const std::string& name : lacking) {
      PW_TRY(Install(name, context));
      done.log.push_back("installed " + name);
    }
    return done;
  }

  static Result<std::string> FirstPrimary(const std::string& name, const v1::kinds::CacheTopology& topology,
                                          Context& context) {
    const auto addresses = cache::MemberAddresses(topology, context.kept());
    const auto found = addresses.find(name);
    if (found != addresses.end()) return found->second;
    // One that leaves: whoever is the primary now.
    const std::string primary = context.FindPrimary();
    if (cache::IsAddress(primary)) return primary;
    return Unavailable("nobody says who the primary of the cache is");
  }

  Result<Done> SetMember(const ActionContext& action, Context& context) {
    PW_ASSIGN(auto payload, ParsePayload<v1::kinds::CacheMemberAction>(action.dispatch.action()));
    PW_TRY(context.TakeTopology(payload.topology(), action.dispatch));
    PW_TRY(context.TakePassword(payload.password(), action.dispatch));
    const std::string first_primary = payload.first_primary();
    if (!context.kept().has_member()) context.kept().set_wish(payload.wish());
    payload.clear_first_primary();
    payload.clear_wish();
    *context.kept().mutable_member() = payload;
    PW_ASSIGN(const std::string address, FirstPrimary(first_primary, payload.topology(), context));
    Done done;
    PW_TRY(Member(context).Set(address, &done.log));
    return done;
  }

  Result<Done> SetUsers(const ActionContext& action, Context& context) {
    PW_ASSIGN(auto payload, ParsePayload<v1::kinds::CacheUsersAction>(action.dispatch.action()));
    google::protobuf::Map<std::string, std::string> verifiers;
    for (const auto& [name, user] : payload.users()) {
      std::string& verifier = verifiers[name];
      PW_TRY(OpenSecret(env_, action.dispatch, user.password(), [&](std::string_view value) -> Status {
        verifier = Sha256(value).Hex();
        return Ok();
      }));
    }
    const v1::kinds::CacheKept before = context.kept();
    *context.kept().mutable_users() = std::move(payload);
    *context.kept().mutable_verifiers() = std::move(verifiers);
    if (const Status set = Member(context).SetUsers(); !set.ok()) {
      // What Redis refuses is not kept: it would be refused at the next start, too.
      *context.kept().mutable_users() = before.users();
      if (!before.has_users()) context.kept().clear_users();
      *context.kept().mutable_verifiers() = before.verifiers();
      return set.error();
    }
    return Done();
  }

  Result<Done> SetSentinel(const ActionContext& action, Context& context) {
    PW_ASSIGN(auto payload, ParsePayload<v1::kinds::CacheSentinelAction>(action.dispatch.action()));
    PW_TRY(context.TakeTopology(payload.topology(), action.dispatch));
    PW_TRY(context.TakePassword(payload.password(), action.dispatch));
    const std::string first_primary = payload.first_primary();
    payload.clear_first_primary();
    *context.kept().mutable_sentinel() = payload;
    PW_ASSIGN(const std::string address, FirstPrimary(first_primary, payload.topology(), context));
    Done done;
    PW_TRY(Watcher(context).Set(address, &done.log));
    return done;
  }

  Result<Done> Forget(const ActionContext& /*action*/, Context& context) {
    if (!context.kept().has_sentinel()) return FailedPrecondition("there is no Sentinel of this cache here");
    Done done;
    PW_TRY(Watcher(context).Forget(&done.log));
    return done;
  }

  Result<Done> Failover(const ActionContext& action, Context& context) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::CacheFailoverAction>(action.dispatch.action()));
    if (!context.kept().has_member()) return FailedPrecondition("there is no Redis of this cache here");
    Done done;
    PW_ASSIGN(const auto took, cache::BecomePrimary(context, &done.log));
    if (took) {
      done.downtime = *took;
      done.log.push_back("no writes were taken for " + std::to_string(took->count()) + " ms");
    }
    context.kept().set_wish(std::max(context.kept().wish(), payload.wish()));
    return done;
  }

  Result<Done> Leave(const ActionContext& action, Context& context) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::CacheLeaveAction>(action.dispatch.action()));
    Done done;
    if (payload.sentinel()) PW_TRY(Watcher(context).Leave());
    if (payload.member()) PW_TRY(Member(context).Leave(payload.purge()));
    done.log.push_back(std::string("took away ") + (payload.sentinel() ? "Sentinel" : "Redis"));
    if (payload.member() && !payload.purge()) done.log.push_back("the data stays in " + context.paths().data);
    PW_TRY(RemovePackages(payload, context, done.log));
    const v1::ObjectState& state = context.state();
    done.forget_object = state.managed().empty();
    return done;
  }

  Status RemovePackages(const v1::kinds::CacheLeaveAction& payload, Context& context, std::vector<std::string>& log) {
    const std::vector<std::string> managed(context.state().managed().begin(), context.state().managed().end());
    for (const std::string& item : managed) {
      if (!item.starts_with(kPackage)) continue;
      const std::string name = item.substr(sizeof kPackage - 1);
      const bool here = name == kinds::kRedisServer ? context.kept().has_member() : context.kept().has_sentinel();
      if (here) continue;
      const bool used = std::find(payload.keep_packages().begin(), payload.keep_packages().end(), name) !=
                        payload.keep_packages().end();
      PW_ASSIGN(const auto installed, env_.host.packages.Installed({name}));
      if (!used && !installed.empty()) PW_TRY(env_.host.packages.Remove(name));
      DropManaged(context.state(), item);
      log.push_back((used ? "left package " : "took away package ") + name);
    }
    return Ok();
  }

  Environment& env_;
  std::map<std::string, Verb> verbs_;
};

}  // namespace

std::unique_ptr<Driver> MakeCacheDriver(Environment& environment) {
  return std::make_unique<CacheDriver>(environment);
}

}  // namespace podwright::drivers
