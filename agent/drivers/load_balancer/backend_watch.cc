#include "agent/drivers/load_balancer/backend_watch.h"

#include <utility>

#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers::load_balancer {
namespace {

using std::chrono::milliseconds;
using v1::kinds::LoadBalancerKept;
using v1::kinds::LoadBalancerKeptBackend;
using v1::kinds::LoadBalancerUpstream;

constexpr milliseconds kLook{1000};
constexpr milliseconds kAfterFailure{10'000};
constexpr char kHttp[] = "http";
constexpr char kStreams[] = "streams";

BackendView ViewOf(const LoadBalancerKeptBackend& kept) {
  return {{kept.states().begin(), kept.states().end()}, kept.primary(), kept.epoch()};
}

LoadBalancerKeptBackend KeptOf(const BackendView& view) {
  LoadBalancerKeptBackend kept;
  for (const auto& [name, state] : view.states) (*kept.mutable_states())[name] = state;
  kept.set_primary(view.primary);
  kept.set_epoch(view.epoch);
  return kept;
}

std::optional<ProbeTarget> CheckOf(const LoadBalancerUpstream& upstream) {
  const v1::kinds::LoadBalancerCheck& check = upstream.check();
  if (check.type() != "http" && check.type() != "tcp") return std::nullopt;
  ProbeTarget target;
  target.type = check.type() == "http" ? ProbeType::kHttp : ProbeType::kTcp;
  target.path = check.path().empty() ? "/" : check.path();
  target.host = check.host();
  target.status = static_cast<int>(check.status());
  target.tls = upstream.check_tls();
  if (check.interval() > 0) target.interval = milliseconds(check.interval());
  if (check.timeout() > 0) target.timeout = milliseconds(check.timeout());
  if (check.fall() > 0) target.fall = static_cast<int>(check.fall());
  if (check.rise() > 0) target.rise = static_cast<int>(check.rise());
  return target;
}

const google::protobuf::Map<std::string, LoadBalancerKeptBackend>& BackendsOf(const LoadBalancerKept& kept,
                                                                              const std::string& side) {
  return side == kHttp ? kept.http_backends() : kept.streams_backends();
}

std::string IdOf(const std::string& object, const std::string& side, const std::string& backend) {
  return object + "/" + side + "/" + backend;
}

// Puts the view into `kept`; names have no "/".
void SetView(LoadBalancerKept& kept, const std::string& id, const BackendView& view) {
  const std::size_t side = id.find('/') + 1;
  const std::size_t backend = id.find('/', side) + 1;
  auto& backends =
      id.substr(side, backend - side - 1) == kHttp ? *kept.mutable_http_backends() : *kept.mutable_streams_backends();
  backends[id.substr(backend)] = KeptOf(view);
}

}  // namespace

WatchedBackend Watched(const std::string& object, const std::string& backend, const LoadBalancerUpstream& upstream,
                       const LoadBalancerKeptBackend& now) {
  WatchedBackend watched;
  watched.object = object;
  watched.backend = backend;
  for (const auto& [name, candidate] : upstream.candidates()) {
    watched.members[name] = {candidate.address(), static_cast<int>(candidate.port())};
  }
  watched.check = CheckOf(upstream);
  if (upstream.has_role()) {
    WatchedRole role{upstream.role().kind(),
                     upstream.role().name(),
                     upstream.role().role() == "replica" ? FollowedRole::kReplica : FollowedRole::kPrimary,
                     upstream.role().initial(),
                     {}};
    role.witnesses = {upstream.role().witnesses().begin(), upstream.role().witnesses().end()};
    watched.role = std::move(role);
  }
  watched.now = ViewOf(now);
  return watched;
}

LoadBalancerKeptBackend FirstView(const LoadBalancerUpstream& upstream, const LoadBalancerKeptBackend& before) {
  WatchedBackend watched = Watched("", "", upstream, before);
  BackendView view = watched.now;
  std::erase_if(view.states, [&](const auto& entry) { return !watched.members.contains(entry.first); });
  if (!watched.role) {
    std::erase_if(view.states, [](const auto& entry) { return entry.second != kMemberDown; });
    view.primary.clear();
    view.epoch = 0;
    return KeptOf(view);
  }
  // Who was followed is known better here than in a plan, unless it is no member any more.
  if (watched.members.contains(view.primary)) watched.role->initial = view.primary;
  BackendView first = InitialView(watched);
  first.epoch = watched.role->initial == view.primary ? view.epoch : 0;
  for (const auto& [name, state] : view.states) {
    if (state == kMemberDown && !first.states.contains(name)) first.states[name] = state;
  }
  return KeptOf(first);
}

void AddWatched(const std::string& object, const LoadBalancerKept& kept,
                std::map<std::string, WatchedBackend>& watched) {
  for (const std::string side : {kHttp, kStreams}) {
    const auto& upstreams = side == kHttp ? kept.http().upstreams() : kept.streams().upstreams();
    const auto& backends = BackendsOf(kept, side);
    for (const auto& [name, upstream] : upstreams) {
      const auto now = backends.find(name);
      watched[IdOf(object, side, name)] =
          Watched(object, name, upstream, now == backends.end() ? LoadBalancerKeptBackend() : now->second);
    }
  }
}

BackendWatch::BackendWatch(std::unique_ptr<Probing> probing, Balancer balancer, Clock& clock)
    : probing_(std::move(probing)), balancer_(std::move(balancer)), clock_(clock), follower_(*probing_) {}

SteadyTime BackendWatch::NextTick() const {
  return probing_->HasTurns() ? SteadyTime() : next_;
}

TickOutcome BackendWatch::Tick(std::vector<v1::ObjectState>& states) {
  std::map<std::string, WatchedBackend> watched;
  std::map<std::string, LoadBalancerKept> kept;
  for (const v1::ObjectState& state : states) {
    const std::string& name = state.object().name();
    kept[name] = balancer_.kept(state);
    AddWatched(name, kept[name], watched);
  }
  next_ = watched.empty() ? SteadyTime::max() : clock_.Steady() + kLook;
  const std::vector<BackendChange> changes = follower_.Follow(watched);
  TickOutcome outcome;
  for (v1::ObjectState& state : states) {
    const std::string& name = state.object().name();
    std::vector<const BackendChange*> own;
    for (const BackendChange& change : changes) {
      if (watched.at(change.id).object != name) continue;
      own.push_back(&change);
      SetView(kept.at(name), change.id, change.view);
    }
    if (!own.empty()) Use(state, std::move(kept.at(name)), own, outcome);
  }
  return outcome;
}

void BackendWatch::Use(v1::ObjectState& state, LoadBalancerKept wanted,
                       const std::vector<const BackendChange*>& changes, TickOutcome& outcome) {
  const std::string name = state.object().name();
  const auto failed = failures_.find(name);
  if (failed != failures_.end() && clock_.Steady() < failed->second.again) return;
  const Status used = balancer_.refresh(state, wanted);
  if (!used.ok()) {
    Failure& failure = failures_[name];
    failure.again = clock_.Steady() + kAfterFailure;
    const std::string message = used.error().ToString();
    if (message == failure.message) return;
    failure.message = message;
    outcome.happenings.push_back(
        {name, "load_balancer.follow-failed", "nginx does not take the backends' new state: " + message, {}});
    return;
  }
  failures_.erase(name);
  outcome.changed.insert(name);
  for (const BackendChange* change : changes) {
    for (const BackendChange::Line& line : change->lines) {
      outcome.happenings.push_back({name, line.type, line.message, {{"member", line.member}}});
    }
  }
}

}  // namespace podwright::drivers::load_balancer
