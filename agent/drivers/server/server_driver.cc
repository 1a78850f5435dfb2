#include "agent/drivers/server/server_driver.h"

#include <algorithm>

#include "agent/drivers/server/family.h"

namespace podwright::drivers {
namespace {

using server::Drift;
using server::Family;
using server::ServerObserved;
using server::ServerSpec;

constexpr char kRelease[] = "server.agent.release";

Result<ServerSpec> ParseSpec(const std::string& bytes) {
  ServerSpec spec;
  if (!spec.ParseFromString(bytes)) return InvalidArgument("the spec of the server cannot be read");
  return spec;
}

class ServerDriver final : public Driver {
 public:
  explicit ServerDriver(Environment& environment) : env_(environment) {
    // In the order in which things are taken away; repairs go the other way round.
    families_.push_back(server::MakeFirewall(environment));
    families_.push_back(server::MakeUnits(environment));
    families_.push_back(server::MakeSecrets(environment));
    families_.push_back(server::MakeFiles(environment));
    families_.push_back(server::MakeSysctl(environment));
    families_.push_back(server::MakeUsers(environment));
    families_.push_back(server::MakePackages(environment));
    families_.push_back(server::MakeAptSources(environment));
  }

  std::string Kind() const override { return "server"; }

  std::vector<std::string> Verbs() const override {
    std::vector<std::string> verbs = {kRelease};
    for (const auto& family : families_) {
      for (const auto& verb : family->Verbs()) verbs.push_back(verb);
    }
    std::sort(verbs.begin(), verbs.end());
    return verbs;
  }

  Result<Observation> Observe(const v1::ObjectState& state, const std::string& bytes) override {
    PW_ASSIGN(const ServerSpec spec, ParseSpec(bytes));
    PW_ASSIGN(ServerObserved observed, ObserveItems(spec, state));
    for (const auto& [name, value] : env_.host.facts.Capabilities()) (*observed.mutable_capabilities())[name] = value;
    for (const auto& address : env_.host.facts.Addresses()) observed.add_addresses(address);
    if (const std::string address = env_.host.facts.Address(); !address.empty()) observed.set_address(address);
    observed.set_os(env_.host.facts.OperatingSystem());
    *observed.mutable_managed() = state.managed();
    Observation result;
    result.observed = EncodeStable(observed);
    if (state.confirmed()) {
      PW_ASSIGN(const ServerSpec confirmed, ParseSpec(state.confirmed_spec()));
      if (state.confirmed_spec() != bytes) {
        PW_ASSIGN(observed, ObserveItems(confirmed, state));
      }
      for (const auto& family : families_) {
        for (const Drift& drift : family->Compare(confirmed, state, observed)) result.drift.push_back(drift.text);
      }
    }
    return result;
  }

  Watches Watch(const v1::ObjectState& state) override {
    Watches watches;
    for (const std::string* bytes : {&state.confirmed_spec(), &state.watched_spec()}) {
      const auto spec = ParseSpec(*bytes);
      if (!spec.ok()) continue;
      for (const auto& family : families_) family->Watch(*spec, watches);
    }
    std::sort(watches.units.begin(), watches.units.end());
    watches.units.erase(std::unique(watches.units.begin(), watches.units.end()), watches.units.end());
    return watches;
  }

  Result<std::string> Fact(const std::string& fact, const v1::ObjectState& state) override {
    const auto colon = fact.find(':');
    const std::string name = fact.substr(0, colon);
    const std::string what = colon == std::string::npos ? "" : fact.substr(colon + 1);
    for (const auto& family : families_) {
      auto value = family->Fact(name, what, state);
      if (value.ok() || value.error().code() != ErrorCode::kNotFound) return value;
    }
    return InvalidArgument("this agent does not know the guard \"" + name + "\"");
  }

  Result<Proof> Prove(const v1::Dispatch& dispatch, const v1::ObjectState& state) override {
    Family* family = Find(dispatch.action().verb());
    return family == nullptr ? Proof() : family->Prove(dispatch.action(), state);
  }

  Result<Done> Execute(const ActionContext& context, v1::ObjectState& state) override {
    const v1::Dispatch& dispatch = context.dispatch;
    if (dispatch.action().verb() == kRelease) return Release(dispatch, state);
    Family* family = Find(dispatch.action().verb());
    if (family == nullptr) return Unimplemented("this agent does not know the verb " + dispatch.action().verb());
    PW_ASSIGN(const ServerSpec wanted, ParseSpec(dispatch.spec()));
    PW_ASSIGN(ServerSpec confirmed, ParseSpec(state.confirmed_spec()));
    PW_ASSIGN(Done done, family->Execute(context, wanted, state));
    family->Confirm(dispatch, wanted, confirmed);
    state.set_confirmed_spec(EncodeStable(confirmed));
    state.set_confirmed(true);
    return done;
  }

  std::vector<Repair> RepairDrift(v1::ObjectState& state,
                                  const std::function<bool(const std::string& item)>& permit) override {
    std::vector<Repair> repairs;
    const auto confirmed = ParseSpec(state.confirmed_spec());
    if (!state.confirmed() || !confirmed.ok()) return repairs;
    // Apt sources before packages before users before files before units: what one needs is there.
    for (auto family = families_.rbegin(); family != families_.rend(); ++family) {
      ServerObserved observed;
      const Status seen = (*family)->Observe(*confirmed, state, observed);
      if (!seen.ok()) continue;  // told by the next observation
      for (const Drift& drift : (*family)->Compare(*confirmed, state, observed)) {
        const std::string item = (*family)->Name() + ":" + drift.name;
        if (!drift.repairable || !permit(item)) continue;
        repairs.push_back({item, drift.text, (*family)->Repair(drift, *confirmed, state)});
      }
    }
    return repairs;
  }

 private:
  Result<ServerObserved> ObserveItems(const ServerSpec& spec, const v1::ObjectState& state) {
    ServerObserved observed;
    for (const auto& family : families_) {
      PW_TRY(family->Observe(spec, state, observed));
    }
    return observed;
  }

  Family* Find(const std::string& verb) const {
    for (const auto& family : families_) {
      const auto verbs = family->Verbs();
      if (std::find(verbs.begin(), verbs.end(), verb) != verbs.end()) return family.get();
    }
    return nullptr;
  }

  // Takes away everything that Podwright brought, or leaves it all where it is; the object is forgotten.
  Result<Done> Release(const v1::Dispatch& dispatch, v1::ObjectState& state) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::ReleaseAction>(dispatch.action()));
    Done done;
    done.forget_object = true;
    if (payload.keep()) return done;
    for (const auto& family : families_) {
      const std::string prefix = family->Name() + ":";
      const std::vector<std::string> managed(state.managed().begin(), state.managed().end());
      for (const std::string& item : managed) {
        if (item.compare(0, prefix.size(), prefix) != 0) continue;
        PW_TRY(family->TakeAway(item.substr(prefix.size()), state));
        done.changed = true;
        done.log.push_back("took away " + item);
      }
    }
    return done;
  }

  Environment& env_;
  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace

std::unique_ptr<Driver> MakeServerDriver(Environment& environment) {
  return std::make_unique<ServerDriver>(environment);
}

}  // namespace podwright::drivers
