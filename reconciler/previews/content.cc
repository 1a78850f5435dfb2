#include "reconciler/previews/content.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/digest.h"

namespace podwright::previews {

const char* StateWord(State state) {
  switch (state) {
    case State::kPlanned: return "planned";
    case State::kFailed: return "failed";
    case State::kOutdated: return "outdated";
    case State::kWaiting: return "waiting";
    case State::kUntrusted: return "untrusted";
  }
  return "unknown";
}

const char* DisruptionWord(v1::Disruption disruption) {
  switch (disruption) {
    case v1::DISRUPTION_NONE: return "none";
    case v1::DISRUPTION_RELOAD: return "reload";
    case v1::DISRUPTION_RESTART: return "restart";
    case v1::DISRUPTION_FAILOVER: return "failover";
    case v1::DISRUPTION_REPLACE: return "replace";
    case v1::DISRUPTION_DATA_LOSS: return "data loss";
    default: return "unknown";
  }
}

std::string DurationText(std::int64_t milliseconds) {
  if (milliseconds <= 0) return "none";
  if (milliseconds < 1000) return std::to_string(milliseconds) + " ms";
  const std::int64_t seconds = (milliseconds + 500) / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  const std::int64_t minutes = (seconds + 30) / 60;
  if (minutes < 120) return std::to_string(minutes) + " min";
  return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

std::string ObjectText(const v1::ObjectRef& object) {
  return object.kind() + "/" + object.name();
}

std::string WhereText(const v1::Action& action) {
  const std::string object = ObjectText(action.object());
  return action.server().empty() || object == "server/" + action.server() ? object : object + " on " + action.server();
}

std::string DisruptionText(const v1::Action& action) {
  if (action.disruption() == v1::DISRUPTION_NONE) return "";
  std::string text = DisruptionWord(action.disruption());
  if (action.downtime_ms() > 0) text += ", about " + DurationText(action.downtime_ms());
  return text;
}

std::vector<const v1::Action*> Ordered(const v1::Plan& plan) {
  std::map<std::string, const v1::Action*> by_id;
  std::vector<const v1::Action*> out;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) by_id[action.id()] = &action;
  }
  for (const std::string& id : plan.order()) {
    const auto at = by_id.find(id);
    if (at == by_id.end()) continue;
    out.push_back(at->second);
    by_id.erase(at);
  }
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) {
      if (by_id.contains(action.id())) out.push_back(&action);
    }
  }
  return out;
}

Summary Summarize(const v1::Plan& plan) {
  Summary out;
  std::set<std::string> servers;
  std::set<std::string> deletions;
  for (const v1::Slice& slice : plan.slices()) {
    if (!slice.error().empty()) ++out.errors;
    for (const v1::Action& action : slice.actions()) {
      ++out.actions;
      if (!action.server().empty()) servers.insert(action.server());
      if (action.deletes()) deletions.insert(ObjectText(action.object()));
      out.worst = std::max(out.worst, action.disruption());
      out.downtime_ms += action.downtime_ms();
    }
  }
  out.servers = servers.size();
  out.deletions.assign(deletions.begin(), deletions.end());
  return out;
}

bool Mergeable(const Content& content) {
  if (content.state != State::kPlanned || !content.allowed) return false;
  return Summarize(content.plan).errors == 0;
}

std::string DigestText(const Content& content) {
  return HexEncode(content.plan.digest());
}

std::string Headline(const Content& content) {
  switch (content.state) {
    case State::kFailed: return content.problem;
    case State::kOutdated: return "outdated, planning again: " + content.problem;
    case State::kWaiting: return "planning";
    case State::kUntrusted: return "a fork: not planned until somebody who may write here asks for it";
    case State::kPlanned: break;
  }
  const Summary summary = Summarize(content.plan);
  if (summary.errors > 0) {
    return std::to_string(summary.errors) + (summary.errors == 1 ? " object" : " objects") + " cannot be planned";
  }
  if (summary.actions == 0) return "no actions: what runs is what would be declared";
  std::string text = std::to_string(summary.actions) + (summary.actions == 1 ? " action" : " actions");
  if (summary.servers > 0) {
    text += " on " + std::to_string(summary.servers) + (summary.servers == 1 ? " server" : " servers");
  }
  if (!summary.deletions.empty()) {
    text += ", deletes in " + std::to_string(summary.deletions.size()) +
            (summary.deletions.size() == 1 ? " object" : " objects");
  }
  if (summary.worst == v1::DISRUPTION_NONE) {
    text += ", no disruption";
  } else {
    text += ", worst disruption: " + std::string(DisruptionWord(summary.worst)) +
            ", estimated downtime: " + DurationText(summary.downtime_ms);
  }
  if (!content.allowed) text = (content.can_approve ? "needs approval: " : "not allowed by policy: ") + text;
  return text;
}

}  // namespace podwright::previews
