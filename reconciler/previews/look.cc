#include "reconciler/previews/look.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/fault.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/forge/own_comment.h"
#include "reconciler/previews/command_desk.h"
#include "reconciler/previews/planning.h"
#include "reconciler/previews/publisher.h"
#include "reconciler/sources/look.h"
#include "reconciler/sources/pull_request_ledger.h"

namespace podwright::previews {
namespace {

constexpr std::size_t kMostOpen = 500;
constexpr std::size_t kTokenLength = 32;  // of [a-z2-7]: 160 bits
constexpr std::chrono::hours kClosedKept{24 * 14};

std::string ApiUrl(const v1::kinds::GitSourcePullRequests& settings) {
  if (!settings.api_url().empty()) {
    std::string url = settings.api_url();
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  if (settings.forge() == "github") return "https://api.github.com";
  return settings.forge() == "gitlab" ? "https://gitlab.com/api/v4" : "";
}

class Look {
 public:
  Look(const LookTools& tools, const LookInput& input, LookMemory& memory)
      : tools_(tools),
        in_(input),
        memory_(memory),
        caller_{"git:" + input.id.name, control::Role::kOperator, input.id.workspace, ""},
        mirror_(sources::MirrorOf(tools.mirrors, input.uid)) {}

  LookOutcome Run(const std::function<void()>& listed) {
    if (const Status done = Work(listed); !done.ok()) {
      out_.problem.emplace();
      out_.problem->set_reason(reason_);
      out_.problem->set_message(done.error().ToString());
    }
    return std::move(out_);
  }

 private:
  Status Work(const std::function<void()>& listed) {
    reason_ = "StoreFailed";
    PW_TRY(LoadLedgers());
    reason_ = "ForgeSettings";
    PW_TRY(OpenForge());
    if (in_.list) {
      reason_ = "ForgeFailed";
      PW_TRY(List());
      listed();
      PW_TRY(ReadCommands());
      reason_ = "FetchFailed";
      PW_TRY(Fetch());
    }
    reason_ = "PlanFailed";
    PW_TRY(PlanAll());
    reason_ = "ForgeFailed";
    Publisher publisher({tools_.store, tools_.clock}, in_.id, *memory_.forge);
    out_.publish_at = publisher.Publish(memory_.rows);
    return Ok();
  }

  Status Save(PullRow& row) { return sources::SavePullRequest(tools_.store, in_.id, row.ledger); }

  Status LoadLedgers() {
    if (memory_.loaded) return Ok();
    PW_ASSIGN(auto ledgers, sources::LoadPullRequests(tools_.store, in_.id, in_.uid));
    memory_.rows.clear();
    for (auto& [number, ledger] : ledgers) memory_.rows[number].ledger = std::move(ledger);
    memory_.loaded = true;
    return Ok();
  }

  Status OpenForge() {
    const v1::kinds::GitSourcePullRequests& settings = in_.spec.pull_requests();
    PW_ASSIGN(const std::string_view token, memory_.secrets.Open(caller_, in_.id.workspace, settings.secret()));
    const std::string ca = settings.has_ca() ? settings.ca() : in_.spec.ca();
    Sha256Hasher hasher;
    hasher.UpdateField(settings.SerializeAsString());
    hasher.UpdateField(ca);
    hasher.UpdateField(token);
    const std::string key = hasher.Finish().Hex();
    if (memory_.forge != nullptr && memory_.forge_key == key) return Ok();
    forge::ForgeSettings open;
    PW_ASSIGN(open.address.type, forge::ParseForgeType(settings.forge()));
    open.address.api_url = ApiUrl(settings);
    if (open.address.api_url.empty()) {
      return InvalidArgument("git_source/" + in_.id.name +
                             ": pull_requests.api_url is missing: Gitea and Forgejo have no usual address; it is "
                             "https://HOST/api/v1");
    }
    open.address.repository = settings.repository();
    open.token = crypto::SecretString(token);
    open.ca_pem = ca;
    open.bot_login = settings.login();
    memory_.forge.reset();
    PW_ASSIGN(memory_.forge, tools_.open_forge(std::move(open)));
    memory_.forge_key = key;
    return Ok();
  }

  // ---- what there is ----

  Status List() {
    PW_ASSIGN(const auto pulls, memory_.forge->ListOpen(in_.spec.branch(), kMostOpen));
    for (auto& [number, row] : memory_.rows) row.listed = false;
    for (const forge::PullRequest& pull : pulls) PW_TRY(Take(pull));
    for (auto at = memory_.rows.begin(); at != memory_.rows.end();) {
      PW_ASSIGN(const bool keep, at->second.listed ? Result<bool>(true) : Missing(at->second));
      at = keep ? std::next(at) : memory_.rows.erase(at);
    }
    return Ok();
  }

  Status Take(const forge::PullRequest& pull) {
    const auto number = static_cast<std::uint64_t>(pull.number);
    PullRow& row = memory_.rows[number];
    row.pull = pull;
    row.listed = true;
    v1::PullRequestLedger& ledger = row.ledger;
    const bool same = ledger.uid() == in_.uid && ledger.head() == pull.head_sha && ledger.closed_unix_ms() == 0;
    if (same) return Ok();
    ledger.set_uid(in_.uid);
    ledger.set_number(number);
    if (ledger.token().empty()) ledger.set_token(tools_.random.Id(kTokenLength));
    if (ledger.head() != pull.head_sha) ledger.clear_answer();
    ledger.set_head(pull.head_sha);
    ledger.clear_closed_unix_ms();
    ledger.clear_merge_commit();
    return Save(row);
  }

  // No longer open, or the list was cut. False: it is forgotten.
  Result<bool> Missing(PullRow& row) {
    v1::PullRequestLedger& ledger = row.ledger;
    const std::int64_t now = ToUnixMillis(tools_.clock.Now());
    if (ledger.closed_unix_ms() != 0) {
      if (now - ledger.closed_unix_ms() < std::chrono::milliseconds(kClosedKept).count()) return true;
      PW_TRY(sources::RemovePullRequest(tools_.store, in_.id, ledger.number()));
      return false;
    }
    const auto pull = memory_.forge->Get(static_cast<std::int64_t>(ledger.number()));
    if (!pull.ok() && pull.error().code() != ErrorCode::kNotFound) return pull.error();
    if (pull.ok() && pull->state == forge::PullRequestState::kOpen && pull->base_branch == in_.spec.branch()) {
      PW_TRY(Take(*pull));
      return true;
    }
    if (pull.ok() && pull->state == forge::PullRequestState::kMerged) ledger.set_merge_commit(pull->merge_commit);
    ledger.set_closed_unix_ms(now);
    row.content.reset();
    row.planned_from.clear();
    PW_TRY(Save(row));
    return true;
  }

  Status ReadCommands() {
    CommandDesk desk({tools_.store, tools_.clock, tools_.control}, in_.id, *memory_.forge);
    for (auto& [number, row] : memory_.rows) {
      if (row.listed) PW_TRY(desk.Read(row));
    }
    return Ok();
  }

  // ---- what a merge would do ----

  bool Trusted(const PullRow& row) const {
    if (!row.pull.from_fork) return true;
    if (in_.spec.pull_requests().forks() != "ask") return false;
    const auto& trusted = row.ledger.trusted();
    return std::any_of(trusted.begin(), trusted.end(),
                       [&](const v1::TrustedHead& one) { return one.commit() == row.pull.head_sha; });
  }

  Status Fetch() {
    git::FetchRequest request;
    request.mirror = mirror_.path();
    request.url = in_.spec.url();
    request.branch = in_.spec.branch();
    request.username = in_.spec.credentials().username();
    request.timeout = std::chrono::milliseconds(in_.spec.timeout());
    request.ca_pem = in_.spec.ca();
    request.host_keys.assign(in_.spec.host_keys().begin(), in_.spec.host_keys().end());
    for (const auto& [number, row] : memory_.rows) {
      if (row.listed && Trusted(row) && !mirror_.Describe(row.pull.head_sha).ok()) {
        request.references.push_back(row.pull.head_reference);
      }
    }
    if (in_.spec.has_credentials()) {
      PW_ASSIGN(const std::string_view secret,
                memory_.secrets.Open(caller_, in_.id.workspace, in_.spec.credentials().secret()));
      request.secret = crypto::SecretString(secret);
    }
    auto head = tools_.fetcher.Fetch(request);
    // The looks of the source make a broken mirror anew.
    PW_TRY(head);
    memory_.base = *std::move(head);
    PW_FAULT(kPreviewFetched);
    return Ok();
  }

  Status PlanAll() {
    const std::string facts = std::to_string(tools_.control.FactsRevision(in_.id.workspace));
    for (auto& [number, row] : memory_.rows) {
      if (!row.listed) continue;
      PW_TRY(PlanOne(row, facts));
      const bool passing = row.content != nullptr && row.content->state == State::kOutdated;
      if (!row.approvals.empty() && !passing) PW_TRY(Approve(row, facts));
      Decorate(row);
    }
    return Ok();
  }

  Status PlanOne(PullRow& row, const std::string& facts) {
    if (row.pull.from_fork && in_.spec.pull_requests().forks() != "ask") {
      row.content.reset();
      return Ok();
    }
    if (!Trusted(row)) {
      SetSimple(row, State::kUntrusted, "");
      return Ok();
    }
    if (memory_.base.empty() || !mirror_.Describe(row.pull.head_sha).ok()) {
      SetSimple(row, State::kWaiting, "");
      return Ok();
    }
    const std::string from =
        row.pull.head_sha + "/" + memory_.base + "/" + facts + "/" + std::to_string(in_.generation);
    // What waits for people may pass by their word, or by time, which are no facts.
    const bool settled = row.content == nullptr || row.content->allowed || !in_.list;
    if (row.planned_from == from && settled) return Ok();
    auto planned = PlanPullRequest(mirror_, {in_.id, in_.spec, memory_.base, row.pull.head_sha, row.pull.from_fork},
                                   memory_.loader, memory_.checks, tools_.control);
    PW_FAULT(kPreviewPlanned);
    if (!planned.ok()) {
      row.planned_from.clear();
      Outdate(row, planned.error().ToString());
      return Ok();
    }
    row.planned_from = from;
    row.content = std::make_shared<const Content>(std::move(planned->content));
    return Remember(row, std::move(planned->planned));
  }

  Status Remember(PullRow& row, v1::ShownPlan planned) {
    planned.set_unix_ms(row.ledger.planned().unix_ms());
    if (planned.SerializeAsString() == row.ledger.planned().SerializeAsString()) return Ok();
    planned.set_unix_ms(ToUnixMillis(tools_.clock.Now()));
    *row.ledger.mutable_planned() = std::move(planned);
    PW_TRY(Save(row));
    PW_FAULT(kPreviewJournalled);
    return Ok();
  }

  Status Approve(PullRow& row, const std::string& facts) {
    CommandDesk desk({tools_.store, tools_.clock, tools_.control}, in_.id, *memory_.forge);
    PW_ASSIGN(const bool changed, desk.Approve(row));
    if (!changed) return Ok();
    row.planned_from.clear();
    return PlanOne(row, facts);
  }

  void SetSimple(PullRow& row, State state, const std::string& problem) {
    Content content;
    content.state = state;
    content.problem = problem;
    row.planned_from.clear();
    row.content = std::make_shared<const Content>(std::move(content));
  }

  // What was right a moment ago stays to be read, and says that it is old.
  void Outdate(PullRow& row, const std::string& problem) {
    Content content;
    if (row.content != nullptr && !row.content->plan.digest().empty()) content = *row.content;
    content.state = State::kOutdated;
    content.problem = problem;
    row.content = std::make_shared<const Content>(std::move(content));
  }

  // What does not come from the plan.
  void Decorate(PullRow& row) {
    if (row.content == nullptr) return;
    Content content = *row.content;
    content.workspace = in_.id.workspace;
    content.source = in_.id.name;
    content.number = row.pull.number;
    content.branch = in_.spec.branch();
    content.head = row.pull.head_sha;
    content.answer = row.ledger.answer();
    if (!tools_.public_url.empty()) content.page = tools_.public_url + PagePath(in_.id, row.ledger);
    row.content = std::make_shared<const Content>(std::move(content));
  }

  const LookTools& tools_;
  const LookInput& in_;
  LookMemory& memory_;
  const control::Caller caller_;
  const git::Mirror mirror_;
  std::string reason_;
  LookOutcome out_;
};

}  // namespace

LookOutcome LookAt(const LookTools& tools, const LookInput& input, LookMemory& memory,
                   const std::function<void()>& listed) {
  return Look(tools, input, memory).Run(listed);
}

std::string PagePath(const control::ObjectId& source, const v1::PullRequestLedger& ledger) {
  if (ledger.token().empty()) return "";
  return "/previews/" + source.workspace + "/" + source.name + "/" + std::to_string(ledger.number()) + "/" +
         ledger.token();
}

}  // namespace podwright::previews
