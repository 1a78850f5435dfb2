#include "agent/drivers/load_balancer/load_balancer_driver.h"

#include "agent/drivers/load_balancer/address.h"
#include "agent/drivers/load_balancer/backend_watch.h"
#include "agent/drivers/load_balancer/balancer.h"
#include "core/digest.h"
#include "kinds/load_balancer/nginx_words.h"
#include "podwright/v1/agent.pb.h"

namespace podwright::drivers {
namespace {

using kinds::BalancerSide;
using load_balancer::Balancer;
using load_balancer::Drift;
using v1::kinds::LoadBalancerInstanceAction;

class LoadBalancerDriver final : public Driver {
 public:
  explicit LoadBalancerDriver(Environment& environment)
      : env_(environment),
        watch_(std::make_unique<Prober>([this] {
                 if (env_.wake) env_.wake();
               }),
               {[](const v1::ObjectState& state) { return load_balancer::KeptOf(state); },
                [this](v1::ObjectState& state, const v1::kinds::LoadBalancerKept& wanted) {
                  return Balancer(env_, state).Refresh(wanted);
                }},
               environment.clock) {
    verbs_["load_balancer.tools.install"] = &LoadBalancerDriver::InstallTools;
    verbs_["load_balancer.http.configure"] = &LoadBalancerDriver::ConfigureHttp;
    verbs_["load_balancer.streams.configure"] = &LoadBalancerDriver::ConfigureStreams;
    verbs_["load_balancer.http.remove"] = &LoadBalancerDriver::RemoveHttp;
    verbs_["load_balancer.streams.remove"] = &LoadBalancerDriver::RemoveStreams;
    verbs_["load_balancer.address.configure"] = &LoadBalancerDriver::ConfigureAddress;
    verbs_["load_balancer.address.remove"] = &LoadBalancerDriver::RemoveAddress;
    verbs_["load_balancer.leave"] = &LoadBalancerDriver::Leave;
  }

  std::string Kind() const override { return "load_balancer"; }
  std::vector<std::string> Verbs() const override {
    std::vector<std::string> verbs;
    for (const auto& entry : verbs_) verbs.push_back(entry.first);
    return verbs;
  }

  // What is found is told of what the actions made; a spec that was not applied yet makes no difference.
  Result<Observation> Observe(const v1::ObjectState& state, const std::string& /*spec*/) override {
    v1::ObjectState copy = state;
    Balancer balancer(env_, copy);
    PW_ASSIGN(const auto observed, balancer.Observed());
    PW_ASSIGN(const auto drift, balancer.Compare());
    Observation out;
    out.observed = EncodeStable(observed);
    for (const Drift& one : drift) out.drift.push_back(one.text);
    return out;
  }

  Watches Watch(const v1::ObjectState& state) override {
    v1::ObjectState copy = state;
    return Balancer(env_, copy).Watched();
  }

  Result<std::string> Fact(const std::string& fact, const v1::ObjectState& /*state*/) override {
    return InvalidArgument("this agent does not know the guard \"" + fact + "\"");
  }

  Result<Proof> Prove(const v1::Dispatch& /*dispatch*/, const v1::ObjectState& state) override {
    Proof proof;
    proof["kept"] = HexEncode(HmacSha256(env_.local_key, EncodeStable(load_balancer::KeptOf(state)))).substr(0, 32);
    return proof;
  }

  Result<Done> Execute(const ActionContext& context, v1::ObjectState& state) override {
    const auto verb = verbs_.find(context.dispatch.action().verb());
    if (verb == verbs_.end()) {
      return Unimplemented("this agent does not know the verb " + context.dispatch.action().verb());
    }
    Balancer balancer(env_, state);
    auto done = (this->*verb->second)(context, balancer);
    // Also of an action that failed half-way: what is there is known.
    balancer.Keep();
    watch_.NoteChange();
    if (!done.ok()) return done;
    state.set_confirmed(true);
    state.set_confirmed_spec(context.dispatch.spec());
    done->changed = true;
    return done;
  }

  std::vector<Repair> RepairDrift(v1::ObjectState& state,
                                  const std::function<bool(const std::string& item)>& permit) override {
    std::vector<Repair> repairs;
    Balancer balancer(env_, state);
    const auto drift = balancer.Compare();
    if (!drift.ok()) return repairs;  // told by the next observation
    for (const Drift& one : *drift) {
      if (permit(one.item)) repairs.push_back({one.item, one.text, balancer.Repair(one)});
    }
    balancer.Keep();
    return repairs;
  }

  SteadyTime NextTick() override { return watch_.NextTick(); }
  TickOutcome Tick(std::vector<v1::ObjectState>& states) override { return watch_.Tick(states); }

 private:
  using Verb = Result<Done> (LoadBalancerDriver::*)(const ActionContext&, Balancer&);

  Result<Done> InstallTools(const ActionContext& context, Balancer& balancer) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::LoadBalancerToolsAction>(context.dispatch.action()));
    PW_ASSIGN(const auto installed, balancer.InstallTools({payload.packages().begin(), payload.packages().end()}));
    Done done;
    for (const std::string& name : installed) done.log.push_back("installed " + name);
    return done;
  }

  Result<Done> ConfigureHttp(const ActionContext& context, Balancer& balancer) {
    return Configure(context, balancer, BalancerSide::kHttp);
  }
  Result<Done> ConfigureStreams(const ActionContext& context, Balancer& balancer) {
    return Configure(context, balancer, BalancerSide::kStreams);
  }

  // Addresses that came bound were said by other servers: their form is looked at.
  static Status FillIn(const v1::Dispatch& dispatch, LoadBalancerInstanceAction& wanted) {
    for (auto& [backend, upstream] : *wanted.mutable_upstreams()) {
      for (auto& [name, candidate] : *upstream.mutable_candidates()) {
        if (candidate.bound()) {
          const auto found = dispatch.bound().find("address/" + name);
          if (found == dispatch.bound().end()) {
            return InvalidArgument("the address of " + name + " did not come with the action");
          }
          candidate.set_address(found->second);
          candidate.set_bound(false);
        }
        if (!kinds::nginx::IsAddress(candidate.address()) || candidate.port() < 1 || candidate.port() > 65535) {
          return InvalidArgument("what came as the address of " + name + " of the backend " + backend + " is none");
        }
      }
      if (!upstream.has_role()) continue;
      for (auto& [name, address] : *upstream.mutable_role()->mutable_witnesses()) {
        const auto found = dispatch.bound().find("address/" + name);
        if (address.empty() && found != dispatch.bound().end()) address = found->second;
        if (!kinds::nginx::IsAddress(address)) {
          return InvalidArgument("what came as the address of " + name + " of the backend " + backend + " is none");
        }
      }
    }
    return Ok();
  }

  Result<Done> Configure(const ActionContext& context, Balancer& balancer, BalancerSide side) {
    PW_ASSIGN(auto wanted, ParsePayload<LoadBalancerInstanceAction>(context.dispatch.action()));
    PW_TRY(FillIn(context.dispatch, wanted));
    PW_TRY(balancer.Configure(side, wanted, context.dispatch));
    Done done;
    done.log.emplace_back("nginx serves the new configuration");
    return done;
  }

  Result<Done> RemoveHttp(const ActionContext& /*context*/, Balancer& balancer) {
    PW_TRY(balancer.RemoveInstance(BalancerSide::kHttp));
    return Done();
  }
  Result<Done> RemoveStreams(const ActionContext& /*context*/, Balancer& balancer) {
    PW_TRY(balancer.RemoveInstance(BalancerSide::kStreams));
    return Done();
  }

  Result<Done> ConfigureAddress(const ActionContext& context, Balancer& balancer) {
    PW_ASSIGN(auto wanted, ParsePayload<v1::kinds::LoadBalancerAddressAction>(context.dispatch.action()));
    PW_TRY(balancer.Address().Configure(std::move(wanted), context.dispatch));
    return Done();
  }
  Result<Done> RemoveAddress(const ActionContext& /*context*/, Balancer& balancer) {
    PW_TRY(balancer.Address().Remove());
    return Done();
  }

  Result<Done> Leave(const ActionContext& context, Balancer& balancer) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::LoadBalancerLeaveAction>(context.dispatch.action()));
    Done done;
    PW_TRY(balancer.TakeAway({payload.keep_packages().begin(), payload.keep_packages().end()}, &done.log));
    done.forget_object = true;
    return done;
  }

  Environment& env_;
  std::map<std::string, Verb> verbs_;
  load_balancer::BackendWatch watch_;
};

}  // namespace

std::unique_ptr<Driver> MakeLoadBalancerDriver(Environment& environment) {
  return std::make_unique<LoadBalancerDriver>(environment);
}

}  // namespace podwright::drivers
