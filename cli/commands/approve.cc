// podwright approve, podwright approvals.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/render/message.h"
#include "cli/render/policy.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "core/digest.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  std::string digest;
  std::string reason;
  bool revoke = false;
  bool all = false;
};

Result<std::string> FullDigest(const std::string& text) {
  const Result<Digest> digest = Digest::FromHex(text);
  if (!digest.ok()) return InvalidArgument("\"" + text + "\" is no digest: it takes all 64 hexadecimal digits");
  return std::string(digest->View());
}

Result<int> Approve(App& app, const Options& options) {
  PW_ASSIGN(const std::string digest, FullDigest(options.digest));
  PW_ASSIGN(const std::string workspace, app.workspace());
  PW_ASSIGN(client::Control * control, app.control());
  v1::PendingApproval pending;
  if (options.revoke) {
    v1::RevokeApprovalRequest request;
    request.set_workspace(workspace);
    request.set_digest(digest);
    request.set_reason(options.reason);
    PW_ASSIGN(pending, control->RevokeApproval(request, app.call()));
  } else {
    v1::ApproveRequest request;
    request.set_workspace(workspace);
    request.set_digest(digest);
    request.set_reason(options.reason);
    PW_ASSIGN(pending, control->Approve(request, app.call()));
  }
  if (app.PrintStructured(MessageJson(pending))) return kDone;
  std::ostream& out = app.terminal().out();
  out << Printable(pending.owner()) << ": " << Printable(pending.headline()) << "\n"
      << (options.revoke ? "Taken back: " : "Approved: ") << Printable(ApprovalsText(pending)) << ".\n";
  if (!options.revoke) {
    out << (pending.approved() ? "It goes through now, once: apply it again. A Git source does so by itself.\n"
                               : "It needs more approvals, by other people.\n");
  }
  return kDone;
}

void Print(App& app, const v1::PendingApproval& pending) {
  std::ostream& out = app.terminal().out();
  out << app.terminal().Paint(Style::kBold, HexEncode(pending.digest())) << "\n"
      << "  Owner:    " << Printable(pending.owner()) << "\n  Asked by: " << Printable(pending.author()) << ", "
      << Age(std::max(pending.created_unix_ms(), pending.refused_unix_ms()), ToUnixMillis(app.clock().Now())) << " ago"
      << (pending.refused_unix_ms() == 0 ? " (previewed only)" : "")
      << "\n  Plan:     " << Printable(pending.headline())
      << "\n  Stands:   " << (pending.approved() ? "approved, " : "") << Printable(ApprovalsText(pending)) << "\n";
  for (const v1::PassedLimit& limit : pending.limits()) out << "  Limit:    " << Printable(limit.text()) << "\n";
  for (const v1::Approval& approval : pending.approvals()) {
    if (approval.reason().empty()) continue;
    out << "  Reason:   " << Printable(approval.actor()) << ": " << Printable(approval.reason()) << "\n";
  }
}

Result<int> List(App& app, const Options& options) {
  v1::ListApprovalsRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  if (!options.digest.empty()) {
    PW_ASSIGN(*request.mutable_digest(), FullDigest(options.digest));
  }
  PW_ASSIGN(client::Control * control, app.control());
  const bool all = options.all || !options.digest.empty();
  PW_ASSIGN(const v1::ListApprovalsResponse response, control->ListApprovals(request, app.call()));
  Json list = Json::array();
  for (const v1::PendingApproval& pending : response.approvals()) {
    const bool wanted = all || pending.refused_unix_ms() > 0 || pending.approvals_size() > 0;
    if (wanted) list.push_back(MessageJson(pending));
  }
  if (app.PrintStructured(list)) return kDone;
  if (list.empty()) app.terminal().out() << "No plan waits for approval.\n";
  for (const v1::PendingApproval& pending : response.approvals()) {
    if (all || pending.refused_unix_ms() > 0 || pending.approvals_size() > 0) Print(app, pending);
  }
  return kDone;
}

}  // namespace

void AddApprove(CLI::App& root, App& app) {
  auto approving = std::make_shared<Options>();
  CLI::App* approve = root.add_subcommand("approve", "Approve a plan that policy holds back; it goes through once");
  approve->add_option("digest", approving->digest, "The digest of the plan, whole")->required();
  approve->add_option("--reason", approving->reason, "Why, for the audit log");
  approve->add_flag("--revoke", approving->revoke, "Take the approval back (an admin: everybody's)");
  approve->callback([&app, approving] { app.Choose([&app, approving] { return Approve(app, *approving); }); });
  auto listing = std::make_shared<Options>();
  CLI::App* approvals = root.add_subcommand("approvals", "The plans that wait for approval, and who approved them");
  approvals->add_option("digest", listing->digest, "Only this one");
  approvals->add_flag("--all", listing->all, "Those that were only previewed, too");
  approvals->callback([&app, listing] { app.Choose([&app, listing] { return List(app, *listing); }); });
}

}  // namespace podwright::cli
