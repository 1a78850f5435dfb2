#include "reconciler/control/policy/limits.h"

#include <algorithm>

#include "core/digest.h"

namespace podwright::control {
namespace {

constexpr std::size_t kNamed = 5;
constexpr char kMachineDelete[] = "server.machine.delete";

constexpr std::size_t kDigitsOfContent = 16;

v1::LimitedAction Limited(const v1::Action& action) {
  v1::LimitedAction out;
  *out.mutable_object() = action.object();
  out.set_server(action.server());
  out.set_verb(action.verb());
  const Digest content = Sha256(action.summary() + std::string(1, '\0') + action.payload());
  out.set_subject(action.subject() + "@" + content.Hex().substr(0, kDigitsOfContent));
  out.set_disruption(action.disruption());
  return out;
}

void Add(Tally* tally, const v1::Action& action) {
  tally->items.push_back(Limited(action));
  tally->texts.push_back(action.object().kind() + "/" + action.object().name() + ": " + action.summary() +
                         (action.server().empty() ? "" : " on " + action.server()));
}

void AddDeletion(Tally* tally, const ObjectId& object) {
  v1::LimitedAction item;
  *item.mutable_object() = RefOf(object);
  item.set_verb("object.delete");
  tally->items.push_back(std::move(item));
  tally->texts.push_back(object.Text());
}

std::string Named(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size() && i < kNamed; ++i) out += (i == 0 ? "" : ", ") + texts[i];
  return texts.size() > kNamed ? out + ", … (" + std::to_string(texts.size() - kNamed) + " more)" : out;
}

class Passed {
 public:
  Passed(const Limits& limits, std::vector<v1::LimitedAction>* limited) : limits_(limits), limited_(limited) {}

  void Look(const Tally& tally, std::int64_t recent, std::int64_t allowed, const std::string& what) {
    const auto planned = static_cast<std::int64_t>(tally.items.size());
    if (planned == 0 || planned + recent <= allowed) return;
    v1::PassedLimit limit = Make(tally, planned, recent, allowed);
    limit.set_text(tally.limit + ": " + std::to_string(planned) + " " + what + ", and the limit is " +
                   std::to_string(allowed) + Recently(recent) + " (" + Named(tally.texts) + ")");
    out_.push_back(std::move(limit));
  }

  void LookAtServers(const Tallies& tallies, const v1::PolicyUse& recent, std::size_t servers) {
    if (servers < kServersForShare || tallies.servers.empty()) return;
    std::set<std::string> all(recent.servers().begin(), recent.servers().end());
    const std::size_t before = all.size();
    all.insert(tallies.servers.begin(), tallies.servers.end());
    const auto percent = static_cast<std::int64_t>(all.size() * 100 / servers);
    if (all.size() * 100 <= static_cast<std::size_t>(limits_.servers_percent) * servers) return;
    v1::PassedLimit limit = Make(tallies.disturbing, static_cast<std::int64_t>(tallies.servers.size()),
                                 static_cast<std::int64_t>(before), limits_.servers_percent);
    limit.clear_counted();
    const std::vector<std::string> names(tallies.servers.begin(), tallies.servers.end());
    for (std::size_t i = 0; i < names.size() && i < kNamed; ++i) limit.add_counted(names[i]);
    limit.set_text("servers_percent: it disturbs " + std::to_string(tallies.servers.size()) + " of " +
                   std::to_string(servers) + " servers" +
                   (before > 0
                        ? ", " + std::to_string(percent) + "% with those of the last " + DurationText(limits_.within_ms)
                        : "") +
                   ", and the limit is " + std::to_string(limits_.servers_percent) + "% (" + Named(names) + ")");
    out_.push_back(std::move(limit));
  }

  void AddSentence(const std::string& name, const Tally* tally, const std::string& text) {
    v1::PassedLimit limit;
    limit.set_limit(name);
    if (tally != nullptr) {
      limit = Make(*tally, static_cast<std::int64_t>(tally->items.size()), 0, 0);
      limit.set_limit(name);
      limit.clear_within_ms();
    }
    limit.set_text(name + ": " + text);
    out_.push_back(std::move(limit));
  }

  std::vector<v1::PassedLimit> Take() { return std::move(out_); }

 private:
  v1::PassedLimit Make(const Tally& tally, std::int64_t planned, std::int64_t recent, std::int64_t allowed) {
    v1::PassedLimit limit;
    limit.set_limit(tally.limit);
    limit.set_planned(planned);
    limit.set_recent(recent);
    limit.set_allowed(allowed);
    limit.set_within_ms(limits_.within_ms);
    for (std::size_t i = 0; i < tally.texts.size() && i < kNamed; ++i) limit.add_counted(tally.texts[i]);
    limited_->insert(limited_->end(), tally.items.begin(), tally.items.end());
    return limit;
  }

  std::string Recently(std::int64_t recent) const {
    if (recent == 0) return "";
    return " within " + DurationText(limits_.within_ms) + ", of which " + std::to_string(recent) + " were used already";
  }

  const Limits& limits_;
  std::vector<v1::LimitedAction>* limited_;
  std::vector<v1::PassedLimit> out_;
};

}  // namespace

Tallies Count(const PlannedWork& work) {
  Tallies out;
  std::set<ObjectId> lost;
  const auto count_loss = [&](const v1::Action& action) {
    if (action.disruption() != v1::DISRUPTION_DATA_LOSS) return;
    const ObjectId object = IdOf(work.workspace, action.object());
    const bool machine = work.gone.contains(object) && action.verb() == kMachineDelete;
    if (machine && work.by_name.contains(object)) return;
    if (machine) lost.insert(object);
    Add(&out.data_losses, action);
  };
  for (const v1::Action* action : work.later) count_loss(*action);
  for (const v1::Action* action : work.actions) {
    count_loss(*action);
    const ObjectId object = IdOf(work.workspace, action->object());
    const bool goes = work.gone.contains(object);
    if (goes || action->disruption() == v1::DISRUPTION_NONE || !work.was_ready(object)) continue;
    if (action->disruption() == v1::DISRUPTION_RESTART || action->disruption() == v1::DISRUPTION_REPLACE) {
      Add(&out.restarts, *action);
    }
    if (action->disruption() == v1::DISRUPTION_FAILOVER) Add(&out.failovers, *action);
    if (action->server().empty()) continue;
    Add(&out.disturbing, *action);
    out.servers.insert(action->server());
  }
  for (const ObjectId& object : work.deleted) {
    AddDeletion(&out.deletes, object);
    // Something holds it still: its machine goes later, without another apply.
    const bool later = work.machines.contains(object) && !work.by_name.contains(object) && !lost.contains(object);
    if (later) AddDeletion(&out.data_losses, object);
  }
  return out;
}

v1::PolicyUse Sum(const std::vector<v1::PolicyUse>& uses) {
  v1::PolicyUse out;
  std::set<std::string> servers;
  for (const v1::PolicyUse& use : uses) {
    out.set_deletes(out.deletes() + use.deletes());
    out.set_data_losses(out.data_losses() + use.data_losses());
    out.set_restarts(out.restarts() + use.restarts());
    out.set_failovers(out.failovers() + use.failovers());
    servers.insert(use.servers().begin(), use.servers().end());
  }
  for (const std::string& server : servers) out.add_servers(server);
  return out;
}

v1::PolicyUse UseOf(const Tallies& tallies) {
  v1::PolicyUse out;
  out.set_deletes(static_cast<std::uint32_t>(tallies.deletes.items.size()));
  out.set_data_losses(static_cast<std::uint32_t>(tallies.data_losses.items.size()));
  out.set_restarts(static_cast<std::uint32_t>(tallies.restarts.items.size()));
  out.set_failovers(static_cast<std::uint32_t>(tallies.failovers.items.size()));
  for (const std::string& server : tallies.servers) out.add_servers(server);
  return out;
}

std::vector<v1::PassedLimit> PassedLimits(const Policy& policy, const PlannedWork& work, const Tallies& tallies,
                                          const v1::PolicyUse& recent, std::vector<v1::LimitedAction>* limited) {
  Passed passed(policy.limits, limited);
  if (work.changes_policy) {
    passed.AddSentence("policy_change", nullptr, "it changes the policy itself, which asks for approvals");
    v1::LimitedAction item;
    item.mutable_object()->set_kind(kPolicyKind);
    item.mutable_object()->set_name(kPolicyName);
    item.set_verb("policy.change");
    limited->push_back(std::move(item));
  }
  if (work.left_of_owner == 0 && !work.gone.empty()) {
    Tally all{"whole_owner", {}, {}};
    for (const ObjectId& object : work.gone) AddDeletion(&all, object);
    passed.AddSentence("whole_owner", &all,
                       "it would delete everything that " + work.owner + " has (" + Named(all.texts) + ")");
  }
  passed.Look(tallies.deletes, recent.deletes(), policy.limits.deletes, "deletions");
  passed.Look(tallies.data_losses, recent.data_losses(), policy.limits.data_losses, "data losses");
  passed.Look(tallies.restarts, recent.restarts(), policy.limits.restarts, "restarts");
  passed.Look(tallies.failovers, recent.failovers(), policy.limits.failovers, "failovers");
  passed.LookAtServers(tallies, recent, work.servers);
  return passed.Take();
}

std::string DurationText(std::int64_t ms) {
  const std::pair<std::int64_t, const char*> units[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}};
  for (const auto& [length, name] : units) {
    if (ms >= length && ms % length == 0) return std::to_string(ms / length) + name;
  }
  return std::to_string(ms) + "ms";
}

}  // namespace podwright::control
