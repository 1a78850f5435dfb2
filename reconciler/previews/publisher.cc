#include "reconciler/previews/publisher.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <vector>

#include "core/digest.h"
#include "core/fault.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "reconciler/forge/own_comment.h"
#include "reconciler/previews/comment.h"
#include "reconciler/previews/look.h"
#include "reconciler/sources/pull_request_ledger.h"

namespace podwright::previews {
namespace {

constexpr std::chrono::seconds kAfterFailure{5};
constexpr std::size_t kMarkerReserve = 400;

forge::Urgency UrgencyOf(const PullRow& row) {
  return row.interactive ? forge::Urgency::kInteractive : forge::Urgency::kBackground;
}

std::string DigestOf(const forge::CommitStatus& status) {
  Sha256Hasher hasher;
  hasher.UpdateField(std::to_string(static_cast<int>(status.state)));
  hasher.UpdateField(status.context);
  hasher.UpdateField(status.description);
  hasher.UpdateField(status.target_url);
  return std::string(hasher.Finish().View());
}

std::int64_t Number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Of a pull request that does not touch the source the status says enough.
bool NeedsComment(const PullRow& row) {
  if (!row.ledger.comment_id().empty()) return true;
  const Content& content = *row.content;
  if (content.state == State::kWaiting || content.state == State::kOutdated) return false;
  return content.state != State::kPlanned || content.touches_folder;
}

}  // namespace

std::optional<SteadyTime> Publisher::Publish(std::map<std::uint64_t, PullRow>& rows) {
  std::vector<PullRow*> open;
  for (auto& [number, row] : rows) {
    if (row.listed && row.content != nullptr) open.push_back(&row);
  }
  std::stable_sort(open.begin(), open.end(),
                   [](const PullRow* a, const PullRow* b) { return a->interactive && !b->interactive; });
  for (PullRow* row : open) {
    row->problem.clear();
    if (WriteStatus(*row) == Step::kLater) return later_;
  }
  for (PullRow* row : open) {
    if (WriteComment(*row) == Step::kLater) return later_;
    row->interactive = false;
  }
  return later_;
}

Status Publisher::Save(PullRow& row) {
  return sources::SavePullRequest(tools_.store, source_, row.ledger);
}

bool Publisher::MyTurn(const PullRow& row) {
  const SteadyTime turn = forge_.WriteAt(UrgencyOf(row));
  if (turn <= tools_.clock.Steady()) return true;
  later_ = turn;
  return false;
}

Publisher::Step Publisher::After(PullRow& row, const Error& error) {
  if (error.code() == ErrorCode::kResourceExhausted) {
    later_ = std::max({forge_.WriteAt(UrgencyOf(row)), forge_.RetryAt(), tools_.clock.Steady()});
    return Step::kLater;
  }
  row.problem = error.ToString();
  if (error.code() == ErrorCode::kCancelled) return Step::kLater;
  if (error.retry() != Retry::kNever) {
    later_ = tools_.clock.Steady() + kAfterFailure;
    // The others would most likely fail as well.
    return error.code() == ErrorCode::kUnavailable ? Step::kLater : Step::kDone;
  }
  log::Warn("a pull request's preview cannot be written", {{log::key::kObject, source_.Text()},
                                                           {log::key::kName, std::to_string(row.ledger.number())},
                                                           {log::key::kError, row.problem}});
  return Step::kDone;
}

Publisher::Step Publisher::WriteStatus(PullRow& row) {
  v1::PullRequestLedger& ledger = row.ledger;
  const forge::CommitStatus status = StatusOf(*row.content, forge_.limits().status_description);
  const std::string digest = DigestOf(status);
  const std::string& head = row.pull.head_sha;
  if (ledger.status_head() == head && ledger.status_digest() == digest) return Step::kDone;
  if (!MyTurn(row)) return Step::kLater;
  ledger.set_status_head(head);
  ledger.clear_status_digest();
  if (const Status saved = Save(row); !saved.ok()) return After(row, saved.error());
  const Status written = forge_.SetStatus(head, status, {UrgencyOf(row), {}});
  if (!written.ok()) return After(row, written.error());
  PW_FAULT(kPreviewStatusSent);
  ledger.set_status_digest(digest);
  if (const Status saved = Save(row); !saved.ok()) return After(row, saved.error());
  PW_FAULT(kPreviewStatusJournalled);
  return Step::kDone;
}

Status Publisher::MarkShown(PullRow& row) {
  v1::PullRequestLedger& ledger = row.ledger;
  if (row.content->state == State::kOutdated || row.content->state == State::kWaiting) return Ok();
  const v1::ShownPlan& planned = ledger.planned();
  if (planned.head() != row.pull.head_sha) return Ok();
  if (ledger.shown().SerializeAsString() == planned.SerializeAsString()) return Ok();
  *ledger.mutable_shown() = planned;
  return Save(row);
}

Publisher::Step Publisher::WriteComment(PullRow& row) {
  v1::PullRequestLedger& ledger = row.ledger;
  const auto shown = [&] {
    const Status marked = MarkShown(row);
    return marked.ok() ? Step::kDone : After(row, marked.error());
  };
  if (!NeedsComment(row)) return row.content->state == State::kPlanned ? shown() : Step::kDone;
  const std::size_t limit = forge_.limits().comment;
  const std::string text = CommentText(*row.content, limit > kMarkerReserve ? limit - kMarkerReserve : limit);
  const std::string digest(Sha256(text).View());
  if (ledger.comment_digest() == digest && !ledger.comment_id().empty()) return shown();
  if (!MyTurn(row)) return Step::kLater;
  ledger.set_comment_pending(true);
  ledger.clear_comment_digest();
  if (const Status saved = Save(row); !saved.ok()) return After(row, saved.error());
  const std::string marker = forge::CommentMarker(source_.workspace, source_.name, row.pull.number, "preview");
  const auto written =
      forge::WriteOwnComment(forge_, row.pull.number, marker, text, Number(ledger.comment_id()), {UrgencyOf(row), {}});
  if (!written.ok()) {
    // Nobody knows whether it was made: the next look seeks it by its marker.
    if (written.error().code() == ErrorCode::kUnknown) ledger.clear_comment_id();
    return After(row, written.error());
  }
  PW_FAULT(kPreviewCommentSent);
  ledger.set_comment_id(std::to_string(written->id));
  ledger.set_comment_digest(digest);
  ledger.set_comment_pending(false);
  if (row.content->state != State::kOutdated && ledger.planned().head() == row.pull.head_sha) {
    *ledger.mutable_shown() = ledger.planned();
  }
  if (const Status saved = Save(row); !saved.ok()) return After(row, saved.error());
  PW_FAULT(kPreviewCommentJournalled);
  return Step::kDone;
}

}  // namespace podwright::previews
