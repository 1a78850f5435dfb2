#include "cli/render/policy.h"

#include <nlohmann/json.hpp>

#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/digest.h"

namespace podwright::cli {
namespace {

constexpr int kNamed = 10;

template <typename List, typename Text>
std::string Names(const List& list, Text text) {
  std::string out;
  int count = 0;
  for (const auto& item : list) {
    if (++count > kNamed) break;
    out += (out.empty() ? "" : ", ") + text(item);
  }
  return count > kNamed ? out + ", …" : out;
}

std::string Needs(const v1::PolicyVerdict& verdict) {
  const auto actor = [](const v1::Approval& approval) { return approval.actor(); };
  std::string out = "needs " + std::to_string(verdict.needed()) + (verdict.needed() == 1 ? " approval" : " approvals");
  if (!verdict.approvers().empty()) {
    out += " of " + Names(verdict.approvers(), [](const std::string& name) { return name; });
  }
  if (verdict.not_by_author()) out += ", not of its author";
  out += "; " + std::to_string(verdict.given_size()) + " given";
  if (!verdict.given().empty()) out += " by " + Names(verdict.given(), actor);
  return out;
}

}  // namespace

std::vector<std::string> PolicyLines(const v1::PolicyVerdict& verdict) {
  std::vector<std::string> out;
  for (const v1::PassedLimit& limit : verdict.limits()) out.push_back(limit.text());
  if (verdict.approved()) {
    out.push_back("approved: " + Needs(verdict));
  } else if (verdict.approval_needed()) {
    out.push_back(Needs(verdict) + ": podwright approve " + HexEncode(verdict.digest()));
  }
  for (const v1::WindowWait& wait : verdict.windows()) {
    out.push_back(RefText(wait.object()) + " waits for its window " + wait.window() +
                  (wait.opens_unix_ms() == 0 ? "" : ", which opens at " + TimeText(wait.opens_unix_ms())));
  }
  for (const v1::Wave& wave : verdict.waves()) {
    out.push_back("wave " + std::to_string(wave.number()) + " (" + wave.selector() +
                  "): " + Names(wave.objects(), [](const v1::ObjectRef& ref) { return RefText(ref); }));
  }
  return out;
}

std::string RenderPolicy(const v1::PolicyVerdict& verdict, const Terminal& terminal) {
  std::string out;
  for (const std::string& line : PolicyLines(verdict)) {
    out += terminal.Paint(Style::kYellow, "policy") + ": " + Printable(line) + "\n";
  }
  return out;
}

Json PolicyJson(const v1::PolicyVerdict& verdict) {
  return MessageJson(verdict);
}

std::string ApprovalsText(const v1::PendingApproval& pending) {
  std::string out = std::to_string(pending.approvals_size()) + " of " + std::to_string(pending.needed()) + " approvals";
  const std::string by = Names(pending.approvals(), [](const v1::Approval& approval) { return approval.actor(); });
  return by.empty() ? out : out + " (" + by + ")";
}

}  // namespace podwright::cli
