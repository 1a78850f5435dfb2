#include "provider/describe.h"

#include <algorithm>
#include <map>

#include "core/clock.h"
#include "core/digest.h"

namespace podwright::provider {

namespace {

std::string Seconds(std::int64_t millis) {
  if (millis <= 0) return "no downtime";
  if (millis < 1000) return "about " + std::to_string(millis) + " ms";
  return "about " + std::to_string((millis + 500) / 1000) + " s";
}

std::string Ref(const v1::ObjectRef& object) {
  return object.kind() + "/" + object.name();
}

std::map<std::string, const v1::Action*> ById(const v1::Plan& plan) {
  std::map<std::string, const v1::Action*> actions;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) actions[action.id()] = &action;
  }
  return actions;
}

}  // namespace

std::string DisruptionName(v1::Disruption disruption) {
  switch (disruption) {
    case v1::DISRUPTION_RELOAD: return "reload";
    case v1::DISRUPTION_RESTART: return "restart";
    case v1::DISRUPTION_FAILOVER: return "failover";
    case v1::DISRUPTION_REPLACE: return "replace";
    case v1::DISRUPTION_DATA_LOSS: return "data_loss";
    default: return "none";
  }
}

v1::Disruption WorstDisruption(const v1::Plan& plan) {
  v1::Disruption worst = v1::DISRUPTION_NONE;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) worst = std::max(worst, action.disruption());
  }
  return worst;
}

std::vector<std::string> DisruptionWarnings(const v1::Plan& plan) {
  struct Group {
    v1::Disruption worst = v1::DISRUPTION_NONE;
    std::int64_t downtime = 0;
  };
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) {
      if (action.disruption() <= v1::DISRUPTION_RELOAD) continue;
      Group& group = groups[{Ref(action.object()), action.server()}];
      group.worst = std::max(group.worst, action.disruption());
      group.downtime += action.downtime_ms();
    }
  }
  std::vector<std::string> warnings;
  for (const auto& [key, group] : groups) {
    std::string line = key.first + ": " + DisruptionName(group.worst);
    if (!key.second.empty()) line += " on " + key.second;
    warnings.push_back(line + ", " + Seconds(group.downtime));
  }
  return warnings;
}

std::string PolicyText(const v1::PolicyVerdict& verdict) {
  std::string text;
  for (const v1::PassedLimit& limit : verdict.limits()) text += "- " + limit.text() + "\n";
  if (verdict.approval_needed()) {
    text += verdict.approved() ? "It is approved, and goes through once.\n"
                               : "It goes through once it is approved (" + std::to_string(verdict.given_size()) +
                                     " of " + std::to_string(verdict.needed()) +
                                     " approvals are there): podwright approve " + HexEncode(verdict.digest()) + "\n";
  }
  for (const v1::WindowWait& wait : verdict.windows()) {
    text += "- " + Ref(wait.object()) + " waits for its window " + wait.window();
    if (wait.opens_unix_ms() != 0) text += ", which opens at " + FormatRfc3339(FromUnixMillis(wait.opens_unix_ms()));
    text += "; podwright run release RUN lets it go\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string ActionList(const v1::Plan& plan) {
  const auto actions = ById(plan);
  std::string text;
  for (const std::string& id : plan.order()) {
    const auto found = actions.find(id);
    if (found == actions.end()) continue;
    if (!text.empty()) text += "\n";
    const v1::Action& action = *found->second;
    text += "- " + (action.server().empty() ? Ref(action.object()) : action.server()) + ": " + action.summary();
    if (action.disruption() != v1::DISRUPTION_NONE) {
      text += " [" + DisruptionName(action.disruption()) + ", " + Seconds(action.downtime_ms()) + "]";
    }
  }
  return text;
}

std::map<std::string, std::string> FactsOf(const v1::Plan& plan) {
  constexpr std::size_t kShown = 12;
  std::map<std::string, std::string> facts;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::FactRead& read : slice.reads()) {
      facts[read.key()] = read.digest().empty() ? "absent" : HexDigest(read.digest()).substr(0, kShown);
    }
  }
  return facts;
}

std::string HexDigest(const std::string& bytes) {
  return HexEncode(bytes);
}
Result<std::string> DigestBytes(const std::string& hex) {
  return HexDecode(hex);
}

}  // namespace podwright::provider
