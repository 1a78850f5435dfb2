#include "reconciler/previews/command_desk.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/previews/look.h"
#include "reconciler/sources/pull_request_ledger.h"

namespace podwright::previews {
namespace {

// A comment may come in the same second in which the comments were read.
constexpr std::chrono::seconds kRecent{60};
constexpr std::size_t kFewestHeadDigits = 7;
constexpr std::size_t kFewestDigestDigits = 8;
constexpr int kTrustedKept = 20;
constexpr std::size_t kDigitsShown = 12;

std::int64_t Number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

const char* ForgeWord(forge::ForgeType type) {
  switch (type) {
    case forge::ForgeType::kGitHub: return "github";
    case forge::ForgeType::kGitLab: return "gitlab";
    case forge::ForgeType::kForgejo: return "gitea";
  }
  return "forge";
}

}  // namespace

Status CommandDesk::Save(PullRow& row) {
  return sources::SavePullRequest(tools_.store, source_, row.ledger);
}

Status CommandDesk::Read(PullRow& row) {
  const bool recent = tools_.clock.Now() - row.pull.updated < kRecent;
  if (row.comments_read_to == row.pull.updated && !recent) return Ok();
  PW_ASSIGN(const std::vector<forge::Comment> comments, forge_.ListComments(row.pull.number, WallTime{}));
  PW_ASSIGN(const std::string bot, forge_.BotLogin());
  const std::int64_t before = std::max(row.commands_read_to, Number(row.ledger.commands_seen()));
  row.commands_read_to = before;
  for (const forge::Comment& comment : comments) {
    if (comment.id <= row.commands_read_to) continue;
    if (const auto command = ParseCommand(comment.body); command && !comment.author.empty() && comment.author != bot) {
      PW_ASSIGN(const forge::Permission permission, forge_.PermissionOf(comment.author));
      // Strangers get no answer: nobody shall make us write by writing.
      if (permission >= forge::Permission::kWrite) Follow(row, *command, comment, comments);
    }
    row.commands_read_to = comment.id;
  }
  row.comments_read_to = row.pull.updated;
  const bool news = row.commands_read_to != before;
  return news && row.approvals.empty() ? Remember(row) : Ok();
}

Status CommandDesk::Remember(PullRow& row) {
  row.ledger.set_commands_seen(std::to_string(row.commands_read_to));
  return Save(row);
}

void CommandDesk::Follow(PullRow& row, const Command& command, const forge::Comment& comment,
                         const std::vector<forge::Comment>& all) {
  row.interactive = true;
  if (command.verb == Verb::kPlan) {
    Plan(row, command, comment.author);
  } else {
    NoteApproval(row, command, comment, all);
  }
}

void CommandDesk::Plan(PullRow& row, const Command& command, const std::string& login) {
  row.planned_from.clear();
  const std::string& head = row.pull.head_sha;
  const bool named = !command.argument.empty();
  if (named && (command.argument.size() < kFewestHeadDigits || !head.starts_with(command.argument))) {
    row.ledger.set_answer(login + " asked for a plan of " + command.argument + ", but the head is " +
                          head.substr(0, kDigitsShown));
    return;
  }
  if (!row.pull.from_fork) {
    row.ledger.clear_answer();
    return;
  }
  // Between reading and writing the head may have become another one: who trusts a stranger's commit names it.
  if (!named) {
    row.ledger.set_answer(login + ", say which head of the fork you have looked at, by its digits");
    return;
  }
  v1::TrustedHead trusted;
  trusted.set_commit(head);
  trusted.set_actor(login);
  auto* list = row.ledger.mutable_trusted();
  *list->Add() = std::move(trusted);
  while (list->size() > kTrustedKept) list->erase(list->begin());
  row.ledger.set_answer(login + " had " + head.substr(0, kDigitsShown) + " planned");
}

void CommandDesk::NoteApproval(PullRow& row, const Command& command, const forge::Comment& comment,
                               const std::vector<forge::Comment>& all) {
  row.planned_from.clear();
  // Whoever may write here can edit what somebody else said.
  if (comment.updated > comment.created) {
    row.ledger.set_answer(comment.author + ", an edited comment approves nothing: write a new one");
    return;
  }
  const Approval approval{comment.author, command.argument};
  if (!command.argument.empty()) return row.approvals.push_back(approval);
  // Without digits it is about what our comment said when it was approved: only if that was written before.
  const std::int64_t own = Number(row.ledger.comment_id());
  const auto at = std::find_if(all.begin(), all.end(), [&](const forge::Comment& one) { return one.id == own; });
  if (at != all.end() && at->updated < comment.created) return row.approvals.push_back(approval);
  row.ledger.set_answer(comment.author +
                        ", the preview changed about when you approved it: approve it with the digits that stand here");
}

Result<bool> CommandDesk::Approve(PullRow& row) {
  bool changed = false;
  std::string answer;
  for (const Approval& approval : std::exchange(row.approvals, {})) {
    answer += (answer.empty() ? "" : "; ") + Give(row, approval, &changed);
  }
  row.ledger.set_answer(answer);
  PW_TRY(Remember(row));
  return changed;
}

std::string CommandDesk::Give(PullRow& row, const Approval& approval, bool* changed) {
  const auto& [login, digits] = approval;
  const v1::PullRequestLedger& ledger = row.ledger;
  const bool there = row.content != nullptr && row.content->state == State::kPlanned;
  if (!there) return login + ": there is no plan to approve";
  const std::string& digest = row.content->approve;
  const bool current = ledger.shown().digest() == ledger.planned().digest() &&
                       ledger.shown().head() == row.pull.head_sha && !ledger.shown().digest().empty();
  if (!current) return login + ": what a merge would do has changed: look at it before you approve it";
  if (!digits.empty() && (digits.size() < kFewestDigestDigits || !digest.starts_with(digits))) {
    return login + ": " + digits + " is not the digest that stands here";
  }
  if (!row.content->can_approve) return login + ": nothing needs approval";
  if (row.content->not_by_author && login == row.pull.author) {
    return login + ": the policy wants somebody else than the author to approve it";
  }
  const auto raw = HexDecode(digest);
  if (!raw.ok()) return login + ": there is no plan to approve";
  v1::ApproveRequest request;
  request.set_workspace(source_.workspace);
  request.set_digest(*raw);
  request.set_reason("pull request " + std::to_string(ledger.number()) + " of " + source_.name);
  const control::Caller caller{std::string(ForgeWord(forge_.type())) + ":" + login, control::Role::kOperator,
                               source_.workspace, ""};
  const auto given = tools_.control.Approve(caller, request);
  if (!given.ok()) return login + ": " + given.error().message();
  *changed = true;
  return login + " approved " + digest.substr(0, 16) + " (" + std::to_string(given->approvals_size()) + " of " +
         std::to_string(given->needed()) + ")";
}

}  // namespace podwright::previews
