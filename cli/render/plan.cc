#include "cli/render/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "cli/output.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/digest.h"

namespace podwright::cli {
namespace {

Style SignStyle(char sign) {
  switch (sign) {
    case '+': return Style::kGreen;
    case '-': return Style::kRed;
    case '!': return Style::kYellow;
    default: return Style::kCyan;
  }
}

bool TakesAway(std::string_view verb) {
  return verb.ends_with(".remove") || verb.ends_with(".delete") || verb.ends_with(".release");
}

std::string Padded(const std::string& text, std::size_t width) {
  const std::size_t have = DisplayWidth(text);
  return have < width ? text + std::string(width - have, ' ') : text;
}

std::string Counted(int count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string Headline(const PlanSummary& summary) {
  if (summary.actions == 0) return "No changes: what runs is what was declared.";
  std::string text = Counted(summary.actions, "action");
  if (summary.servers > 0) text += " on " + Counted(summary.servers, "server");
  text += ". Worst disruption: " + std::string(DisruptionWord(summary.worst));
  text += ". Estimated downtime: " + (summary.downtime_ms > 0 ? DurationWords(summary.downtime_ms) : "none") + ".";
  return text;
}

}  // namespace

PlanSummary Summarize(const v1::Plan& plan) {
  PlanSummary summary;
  std::set<std::string> servers;
  for (const v1::Slice& slice : plan.slices()) {
    if (!slice.error().empty()) ++summary.errors;
    for (const v1::Action& action : slice.actions()) {
      ++summary.actions;
      if (!action.server().empty()) servers.insert(action.server());
      summary.worst = std::max(summary.worst, action.disruption());
      summary.downtime_ms += action.downtime_ms();
    }
  }
  summary.servers = static_cast<int>(servers.size());
  return summary;
}

char ActionSign(const v1::Action& action) {
  if (action.deletes() || TakesAway(action.verb())) return '-';
  if (action.disruption() >= v1::DISRUPTION_RESTART) return '!';
  if (TakesAway(action.compensation().verb()) || action.verb().ends_with(".create")) return '+';
  return '~';
}

std::vector<const v1::Action*> OrderedActions(const v1::Plan& plan) {
  std::map<std::string_view, const v1::Action*> by_id;
  std::vector<const v1::Action*> rest;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) {
      by_id.emplace(action.id(), &action);
      rest.push_back(&action);
    }
  }
  std::vector<const v1::Action*> ordered;
  std::set<const v1::Action*> seen;
  for (const std::string& id : plan.order()) {
    const auto it = by_id.find(id);
    if (it != by_id.end() && seen.insert(it->second).second) ordered.push_back(it->second);
  }
  for (const v1::Action* action : rest) {
    if (seen.insert(action).second) ordered.push_back(action);
  }
  return ordered;
}

std::string DisruptionText(v1::Disruption disruption, std::int64_t downtime_ms) {
  if (disruption == v1::DISRUPTION_NONE && downtime_ms <= 0) return "";
  std::string text(DisruptionWord(disruption));
  if (downtime_ms > 0) text += ", about " + DurationWords(downtime_ms) + " of downtime";
  return text;
}

std::string RenderPlan(const v1::Plan& plan, const Terminal& terminal) {
  const std::vector<const v1::Action*> actions = OrderedActions(plan);
  std::size_t where_width = 0;
  std::size_t verb_width = 0;
  const auto where = [](const v1::Action& action) {
    return Printable(action.server().empty() ? RefText(action.object()) : action.server());
  };
  for (const v1::Action* action : actions) {
    where_width = std::max(where_width, DisplayWidth(where(*action)));
    verb_width = std::max(verb_width, DisplayWidth(action->verb()));
  }

  std::string out;
  for (const v1::Action* action : actions) {
    const char sign = ActionSign(*action);
    out += "  " + terminal.Paint(SignStyle(sign), std::string(1, sign)) + " " + Padded(where(*action), where_width) +
           "  " + terminal.Paint(Style::kDim, Padded(Printable(action->verb()), verb_width)) + "  " +
           Printable(action->summary());
    const std::string disruption = DisruptionText(action->disruption(), action->downtime_ms());
    if (!disruption.empty()) out += "  " + terminal.Paint(Style::kYellow, "[" + disruption + "]");
    out += "\n";
  }
  if (!actions.empty()) out += "\n";

  for (const v1::Slice& slice : plan.slices()) {
    const std::string object = Printable(RefText(slice.object()));
    if (!slice.error().empty()) {
      out += terminal.Paint(Style::kRed, "error") + ": " + object + ": " + Printable(slice.error()) + "\n";
    }
    for (const std::string& need : slice.requirements()) out += "requires: " + object + ": " + Printable(need) + "\n";
    for (const std::string& note : slice.notes()) {
      out += terminal.Paint(Style::kYellow, "note") + ": " + object + ": " + Printable(note) + "\n";
    }
  }

  const PlanSummary summary = Summarize(plan);
  out += terminal.Paint(Style::kBold, Headline(summary)) + "\n";
  if (summary.errors > 0) out += Counted(summary.errors, "object") + " cannot be planned.\n";
  if (!plan.digest().empty()) out += "Digest: " + HexEncode(plan.digest()) + "\n";
  return out;
}

}  // namespace podwright::cli
