// Podwright's own nftables table. A change is undone by a timer of systemd unless the control plane is
// reached again over a connection made after it: a mistake cannot cut the server off.
#include "agent/drivers/server/family.h"
#include "kinds/firewall/firewall_form.h"

namespace podwright::drivers::server {
namespace {

using v1::kinds::FirewallAction;

constexpr char kApply[] = "server.firewall.apply";
constexpr char kRemove[] = "server.firewall.remove";
constexpr char kItem[] = "firewall:";
constexpr char kTimer[] = "podwright-firewall-revert";
constexpr char kKept[] = "firewall-meshes";
constexpr char kPrevious[] = "/firewall-previous.nft";
constexpr std::int64_t kDefaultConfirmMs = 30'000;
constexpr std::int64_t kMaxConfirmMs = 600'000;

class Firewall final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "firewall"; }
  std::vector<std::string> Verbs() const override {
    const auto capabilities = env_.host.facts.Capabilities();
    if (!capabilities.contains("nftables")) return {};
    return {kApply, kRemove};
  }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& state, ServerObserved& observed) override {
    if (!spec.has_firewall() && !IsManaged(state, kItem)) return Ok();
    PW_ASSIGN(const std::string digest, Digest());
    if (!digest.empty()) observed.set_firewall(digest);
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& state,
                             const ServerObserved& observed) override {
    if (!confirmed.has_firewall()) return {};
    const auto wanted = kinds::WantedFirewall(Confirmed(confirmed, state));
    if (!wanted.ok() || kinds::FirewallDigest(*wanted) == observed.firewall()) return {};
    return {{"", observed.firewall().empty() ? "the firewall's table is gone" : "the firewall's rules differ"}};
  }

  // Changes of nftables wake the agent by netlink; see host::ChangeWatcher.
  void Watch(const ServerSpec& /*spec*/, Watches& /*watches*/) const override {}

  Result<std::string> Fact(const std::string& fact, const std::string& /*what*/,
                           const v1::ObjectState& /*state*/) override {
    if (fact != "firewall.digest") return NotFound(fact);
    return Digest();
  }

  Result<Proof> Prove(const v1::Action& /*action*/, const v1::ObjectState& /*state*/) override {
    PW_ASSIGN(const std::string digest, Digest());
    return Proof{{kItem, digest.empty() ? "absent" : digest}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& /*wanted*/, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<FirewallAction>(action));
    Done done;
    if (action.verb() == kRemove) {
      // Fewer rules let more in: nothing can be cut off.
      PW_TRY(TakeAway("", state));
    } else {
      PW_ASSIGN(const kinds::FirewallTable wanted, kinds::WantedFirewall(payload));
      PW_TRY(Apply(wanted, payload.confirm_within_ms(), done));
      KeepOthers(payload, state);
      AddManaged(state, kItem);
    }
    PW_ASSIGN(const std::string after, Digest());
    done.changed = Noted(context, kItem) != (after.empty() ? "absent" : after);
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<FirewallAction>(dispatch.action());
    if (!payload.ok()) return;
    const bool applies = dispatch.action().verb() == kApply;
    if (dispatch.compensation()) {
      if (!confirmed.has_firewall()) return;
      if (applies) *confirmed.mutable_firewall() = payload->firewall();
      if (!applies) confirmed.clear_firewall();
    } else if (wanted.has_firewall()) {
      *confirmed.mutable_firewall() = wanted.firewall();
    } else {
      confirmed.clear_firewall();
    }
  }

  // Confirmed once over a fresh connection: putting it back needs no second confirmation.
  Status Repair(const Drift& /*drift*/, const ServerSpec& confirmed, v1::ObjectState& state) override {
    PW_ASSIGN(const bool pending, env_.host.units.TimerPending(kTimer));
    if (pending) return Unavailable("a change of the firewall is not confirmed yet");
    PW_ASSIGN(const kinds::FirewallTable wanted, kinds::WantedFirewall(Confirmed(confirmed, state)));
    return env_.host.firewall.Replace(wanted);
  }

  Status TakeAway(const std::string& /*name*/, v1::ObjectState& state) override {
    PW_TRY(env_.host.units.DisarmTimer(kTimer));
    PW_ASSIGN(const std::string present, Digest());
    if (!present.empty()) {
      PW_TRY(env_.host.firewall.RemoveTable());
    }
    PW_TRY(env_.host.files.Remove(env_.state_folder + kPrevious));
    DropManaged(state, kItem);
    state.mutable_kept()->erase(kKept);
    return Ok();
  }

 private:
  // Meshes and services are no part of the server's own spec: those of the last action stand in what is kept.
  static void KeepOthers(const FirewallAction& action, v1::ObjectState& state) {
    FirewallAction kept;
    *kept.mutable_meshes() = action.meshes();
    *kept.mutable_services() = action.services();
    (*state.mutable_kept())[kKept] = EncodeStable(kept);
  }
  static FirewallAction Confirmed(const ServerSpec& confirmed, const v1::ObjectState& state) {
    FirewallAction action;
    const auto kept = state.kept().find(kKept);
    if (kept != state.kept().end() && !action.ParseFromString(kept->second)) action.Clear();
    *action.mutable_firewall() = confirmed.firewall();
    return action;
  }

  // "" where there is no table.
  Result<std::string> Digest() {
    PW_ASSIGN(const auto table, env_.host.firewall.Read());
    return table ? kinds::FirewallDigest(*table) : std::string();
  }

  Status Apply(const kinds::FirewallTable& wanted, std::int64_t confirm_ms, Done& done) {
    PW_ASSIGN(const bool pending, env_.host.units.TimerPending(kTimer));
    PW_ASSIGN(const std::string present, Digest());
    if (!pending && present == kinds::FirewallDigest(wanted)) return Ok();
    const std::chrono::milliseconds limit(confirm_ms <= 0 ? kDefaultConfirmMs
                                                          : std::min<std::int64_t>(confirm_ms, kMaxConfirmMs));
    const std::string path = env_.state_folder + kPrevious;
    if (!pending) {
      // While an earlier try is not confirmed, its file holds what to go back to.
      PW_ASSIGN(const std::string script, env_.host.firewall.RestoreScript());
      PW_TRY(env_.host.files.Write(path, script, {0600, "root", "root"}));
    }
    // The agent's own look at the outcome comes first; the timer is for an agent that is no more.
    PW_TRY(env_.host.units.ArmTimer(kTimer, limit + std::chrono::seconds(10), env_.host.firewall.LoadCommand(path)));
    PW_TRY(env_.host.firewall.Replace(wanted));
    if (env_.control_reachable(limit)) {
      PW_TRY(env_.host.units.DisarmTimer(kTimer));
      done.log.emplace_back("confirmed over a fresh connection");
      return env_.host.files.Remove(path);
    }
    PW_ASSIGN(const std::string script, env_.host.files.Read(path, 16 * 1024 * 1024));
    PW_TRY(env_.host.firewall.Load(script));
    PW_TRY(env_.host.units.DisarmTimer(kTimer));
    return Error(ErrorCode::kDeadlineExceeded,
                 "the control plane was not reached over a fresh connection within " + std::to_string(limit.count()) +
                     " ms: the former rules are back",
                 Retry::kBackoff);
  }
};

}  // namespace

std::unique_ptr<Family> MakeFirewall(Environment& env) {
  return std::make_unique<Firewall>(env);
}

}  // namespace podwright::drivers::server
