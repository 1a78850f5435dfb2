#include "reconciler/control/policy/policy.h"

#include <algorithm>

namespace podwright::control {
namespace {

v1::Disruption DisruptionOf(const std::string& word) {
  if (word == "reload") return v1::DISRUPTION_RELOAD;
  if (word == "failover") return v1::DISRUPTION_FAILOVER;
  if (word == "replace") return v1::DISRUPTION_REPLACE;
  if (word == "data_loss") return v1::DISRUPTION_DATA_LOSS;
  return v1::DISRUPTION_RESTART;
}

Result<Window> MakeWindow(const std::string& name, const v1::kinds::PolicyWindow& spec) {
  Window out;
  out.name = name;
  out.from = DisruptionOf(spec.from());
  out.kinds.insert(spec.kinds().begin(), spec.kinds().end());
  out.objects.insert(spec.objects().begin(), spec.objects().end());
  const std::string zone = spec.has_time_zone() ? spec.time_zone() : "UTC";
  std::string hours;
  for (const std::string& open : spec.open()) {
    PW_ASSIGN(const WeeklyHours one, ParseHours(open));
    out.open.push_back(one);
    hours += (hours.empty() ? "" : "; ") + open;
  }
  out.text = name + " (" + hours + " " + zone + ")";
  PW_ASSIGN(out.selector, LabelSelector::Parse(spec.selector()));
  PW_ASSIGN(out.zone, LoadZone(zone));
  return out;
}

Window BrokenWindow(const std::string& name, const v1::kinds::PolicyWindow& spec) {
  Window out;
  out.name = name;
  out.text = name + " (which cannot be understood any more: its time zone is not known here)";
  out.broken = true;
  out.from = DisruptionOf(spec.from());
  out.kinds.insert(spec.kinds().begin(), spec.kinds().end());
  out.objects.insert(spec.objects().begin(), spec.objects().end());
  auto selector = LabelSelector::Parse(spec.selector());
  if (selector.ok()) out.selector = std::move(*selector);
  return out;
}

template <typename Set>
void TakeLimits(const v1::kinds::PolicyLimits& spec, Limits* out, Set take) {
  take(spec.has_deletes(), spec.deletes(), &out->deletes);
  take(spec.has_data_losses(), spec.data_losses(), &out->data_losses);
  take(spec.has_restarts(), spec.restarts(), &out->restarts);
  take(spec.has_failovers(), spec.failovers(), &out->failovers);
  take(spec.has_servers_percent(), spec.servers_percent(), &out->servers_percent);
  take(spec.has_within(), spec.within(), &out->within_ms);
}

}  // namespace

bool Window::Names(const ObjectId& object, const Labels& labels) const {
  if (!kinds.empty() && !kinds.contains(object.kind)) return false;
  if (!objects.empty() && !objects.contains(object.Text())) return false;
  return selector.Matches(labels);
}

Status CheckPolicy(const v1::kinds::PolicySpec& spec) {
  // In the order of their names: a map has none.
  std::set<std::string> names;
  for (const auto& [name, window] : spec.windows()) names.insert(name);
  for (const std::string& name : names) {
    const auto window = MakeWindow(name, spec.windows().at(name));
    if (!window.ok()) return InvalidArgument("windows[\"" + name + "\"]: " + window.error().message());
  }
  for (const std::string& wave : spec.waves()) PW_TRY(LabelSelector::Parse(wave));
  return Ok();
}

Policy MakePolicy(const v1::kinds::PolicySpec& spec) {
  Policy out;
  out.declared = true;
  out.guarded = spec.has_approvals();
  if (spec.has_limits()) {
    TakeLimits(spec.limits(), &out.limits, [](bool has, std::int64_t value, std::int64_t* to) {
      if (has) *to = value;
    });
  }
  const v1::kinds::PolicyApprovals& approvals = spec.approvals();
  if (approvals.has_needed()) out.needed = static_cast<std::uint32_t>(std::max<std::int64_t>(1, approvals.needed()));
  out.approvers.insert(approvals.approvers().begin(), approvals.approvers().end());
  out.not_by_author = approvals.not_by_author();
  if (approvals.has_expires()) out.expires_ms = approvals.expires();
  for (const auto& [name, window] : spec.windows()) {
    auto made = MakeWindow(name, window);
    out.windows.push_back(made.ok() ? std::move(*made) : BrokenWindow(name, window));
  }
  std::sort(out.windows.begin(), out.windows.end(), [](const Window& a, const Window& b) { return a.name < b.name; });
  for (const std::string& wave : spec.waves()) {
    auto selector = LabelSelector::Parse(wave);
    if (selector.ok()) out.waves.push_back({wave, std::move(*selector)});
  }
  return out;
}

Policy PolicyOf(Core& core, const std::string& workspace) {
  const ObjectRow* row = core.tables.Find({workspace, kPolicyKind, kPolicyName});
  if (row == nullptr || row->object.lifecycle() != v1::LIFECYCLE_LIVE) return {};
  const auto* fact = core.facts.Base(workspace).FindObject({kPolicyKind, kPolicyName});
  if (fact == nullptr) return {};
  return MakePolicy(static_cast<const v1::kinds::PolicySpec&>(*fact->input.spec));
}

bool HeldByWindow(const Policy& policy, const ObjectId& object, const Labels& labels, v1::Disruption worst,
                  std::int64_t now, v1::WindowWait* wait) {
  bool held = false;
  v1::WindowWait found;
  for (const Window& window : policy.windows) {
    if (worst < window.from || !window.Names(object, labels)) continue;
    if (!window.broken && IsOpen(window.open, window.zone, now)) return false;
    const std::int64_t opens = window.broken ? 0 : NextOpening(window.open, window.zone, now).value_or(0);
    const bool sooner = opens != 0 && (found.opens_unix_ms() == 0 || opens < found.opens_unix_ms());
    if (!held || sooner) {
      found.set_opens_unix_ms(opens);
      found.set_window(window.text);
    }
    held = true;
  }
  if (!held) return false;
  *found.mutable_object() = RefOf(object);
  found.set_disruption(worst);
  *wait = std::move(found);
  return true;
}

std::string WindowText(const v1::WindowWait& wait) {
  const std::string what = wait.object().kind() + "/" + wait.object().name() + " waits for its window " + wait.window();
  if (wait.opens_unix_ms() == 0) return what;
  return what + ", which opens at " + FormatRfc3339(FromUnixMillis(wait.opens_unix_ms()));
}

}  // namespace podwright::control
