#include "reconciler/sources/look.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/fault.h"
#include "kinds/registry.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/sources/folder.h"
#include "reconciler/sources/ledger.h"
#include "reconciler/sources/merge_gate.h"
#include "reconciler/sources/pull_request_ledger.h"

namespace podwright::sources {
namespace {

constexpr std::size_t kLongestMessage = 16 << 10;
constexpr char kApprovalNeeded[] = "ApprovalNeeded";

std::string Short(const std::string& commit) {
  return commit.substr(0, 12);
}

// Passing, where trying the same again may help.
bool MayPass(const Error& error) {
  return error.retry() != Retry::kNever || error.code() == ErrorCode::kConflict;
}

class Look {
  template <typename Work>
  auto Timed(std::chrono::microseconds LookTimes::*step, const Work& work) {
    const SteadyTime before = tools_.clock.Steady();
    auto result = work();
    out_.times.*step += std::chrono::duration_cast<std::chrono::microseconds>(tools_.clock.Steady() - before);
    return result;
  }

 public:
  Look(const LookTools& tools, const LookInput& input, LookMemory& memory)
      : tools_(tools),
        in_(input),
        memory_(memory),
        caller_{"git:" + input.id.name, control::Role::kOperator, input.id.workspace, ""},
        mirror_(MirrorOf(tools.mirrors, input.ledger.uid())) {}

  LookOutcome Run() {
    const bool brought = Timed(&LookTimes::fetch, [&] { return Bring(); });
    if (!brought || UpToDate()) return std::move(out_);
    PW_FAULT(kSourceFetched);
    if (!Timed(&LookTimes::verify, [&] { return Trusted() && ChooseStep(); })) return std::move(out_);
    auto request = Timed(&LookTimes::load, [&] { return Load(); });
    memory_.loader.Release();
    if (!request) return std::move(out_);
    PW_FAULT(kSourceLoaded);
    Timed(&LookTimes::apply, [&] {
      ApplyShown(std::move(*request));
      return true;
    });
    out_.more = out_.applied && target_ != out_.wanted;
    return std::move(out_);
  }

 private:
  void Block(const std::string& reason, const Error& error, const std::string& commit, bool passing) {
    v1::SourceProblem problem;
    problem.set_reason(reason);
    std::string message = error.ToString();
    if (message.size() > kLongestMessage) {
      message.resize(kLongestMessage);
      while (!message.empty() && (static_cast<unsigned char>(message.back()) & 0xc0) == 0x80) message.pop_back();
      message += " …";
    }
    problem.set_message(std::move(message));
    problem.set_commit(commit);
    out_.problem = std::move(problem);
    out_.passing = passing;
  }

  // The head into the mirror; the wanted commit into `out_`. A pinned commit is there already: it needs no network.
  bool Bring() {
    const Result<std::string> head = Fetch();
    if (in_.ledger.has_pin()) {
      out_.wanted = in_.ledger.pin().commit();
    } else if (head.ok()) {
      out_.wanted = *head;
    }
    out_.fetched = head.ok();
    if (!head.ok()) Block("FetchFailed", head.error(), "", true);
    if (out_.wanted.empty()) return false;
    const auto info = mirror_.Describe(out_.wanted);
    if (info.ok()) out_.wanted_subject = info->subject;
    return head.ok() || in_.ledger.has_pin();
  }

  Result<std::string> Fetch() {
    git::FetchRequest request;
    request.mirror = mirror_.path();
    request.url = in_.spec.url();
    request.branch = in_.spec.branch();
    request.username = in_.spec.credentials().username();
    request.timeout = std::chrono::milliseconds(in_.spec.timeout());
    request.ca_pem = in_.spec.ca();
    request.host_keys.assign(in_.spec.host_keys().begin(), in_.spec.host_keys().end());
    if (in_.spec.has_credentials()) {
      PW_ASSIGN(const std::string_view secret,
                memory_.secrets.Open(caller_, in_.id.workspace, in_.spec.credentials().secret()));
      request.secret = crypto::SecretString(secret);
    }
    Result<std::string> head = tools_.fetcher.Fetch(request);
    if (!head.ok() && head.error().code() != ErrorCode::kDataLoss) return head;
    if (head.ok()) {
      // A head whose own commit cannot be read is no better than none.
      const Result<git::CommitInfo> commit = mirror_.Describe(*head);
      if (commit.ok()) return head;
      if (commit.error().code() == ErrorCode::kResourceExhausted) return commit.error();
    }
    PW_TRY(mirror_.Remove());
    return tools_.fetcher.Fetch(request);
  }

  bool UpToDate() const {
    const v1::SourceLedger& ledger = in_.ledger;
    return ledger.applied().commit() == out_.wanted && ledger.applied_generation() == in_.generation &&
           ledger.applied().pinned() == ledger.has_pin();
  }

  bool Trusted() {
    auto refusal = memory_.checks.Check(mirror_, in_.spec, in_.ledger, out_.wanted);
    if (refusal && refusal->applied_missing && memory_.sought != in_.ledger.applied().commit()) {
      // A mirror that lost old commits looks like a branch that was rewritten: a whole one decides.
      memory_.sought = in_.ledger.applied().commit();
      Forget();
      if (!Bring()) return false;
      if (UpToDate()) return false;
      refusal = memory_.checks.Check(mirror_, in_.spec, in_.ledger, out_.wanted);
    }
    if (!refusal || !refusal->applied_missing) memory_.sought.clear();
    if (!refusal) return true;
    if (refusal->error.code() == ErrorCode::kDataLoss) Forget();
    Block(refusal->reason, refusal->error, refusal->commit, refusal->error.code() == ErrorCode::kDataLoss);
    return false;
  }

  // The next look fetches all of it again.
  void Forget() {
    const Status removed = mirror_.Remove();
    static_cast<void>(removed.ok());
  }

  bool Exact() const {
    return in_.spec.has_pull_requests() && in_.spec.pull_requests().merge() == "exact" && !in_.ledger.has_pin() &&
           !in_.ledger.applied().commit().empty();
  }

  // Into `target_` what is applied now: the wanted commit, or one before it that stands for itself.
  bool ChooseStep() {
    target_ = out_.wanted;
    if (!Exact() || in_.ledger.applied().commit() == out_.wanted) return true;
    if (tools_.ask_forge) tools_.ask_forge(in_.id);
    auto known = LoadPullRequests(tools_.store, in_.id, in_.ledger.uid());
    if (!known.ok()) {
      Block("StoreFailed", known.error(), out_.wanted, true);
      return false;
    }
    pull_requests_ = *std::move(known);
    auto step = NextStep(mirror_, in_.ledger.applied().commit(), out_.wanted, pull_requests_);
    if (!step.ok()) {
      if (step.error().code() == ErrorCode::kDataLoss) Forget();
      Block(kMirrorBroken, step.error(), out_.wanted, true);
      return false;
    }
    if (!step->commit.empty()) target_ = step->commit;
    merged_ = std::move(step->merged);
    return true;
  }

  std::optional<v1::ApplyRequest> Load() {
    Folder folder = Read(target_);
    out_.times.files = folder.files;
    out_.times.parsed = folder.parsed;
    if (folder.reason.empty()) {
      // After a crash the same commit finds the answer of before; the same commit later on is a new request. The commit
      // and the source's generation say what the request holds.
      folder.request.set_idempotency_key("git/" + in_.ledger.uid() + "/" + std::to_string(in_.ledger.serial() + 1) +
                                         "/" + std::to_string(in_.generation) + "/" + target_);
      return std::move(folder.request);
    }
    const bool broken = folder.reason == kMirrorBroken;
    if (broken) Forget();
    std::string message = std::move(folder.message);
    if (folder.reason == kBrokenDocuments) message += ":\n" + folder.diagnostics.ToString();
    Block(folder.reason, FailedPrecondition(std::move(message)), target_, broken);
    return std::nullopt;
  }

  Folder Read(const std::string& commit) {
    return ReadFolder(memory_.loader, mirror_, commit, "commit " + Short(commit), in_.id, in_.spec, tools_.control);
  }

  // With what its pull requests showed, where it merges any.
  void ApplyShown(v1::ApplyRequest request) {
    if (merged_.empty()) return Apply(std::move(request));
    if (AppliesAccepted(request)) return;
    const auto plan = DryRun(request);
    if (!plan.ok()) return Refuse(plan.error());
    const std::vector<std::string> changes = Unshown(*plan, merged_, Anyway(*plan));
    if (changes.empty()) return ApplyNoted(std::move(request), plan->digest());
    if (target_ == out_.wanted || !TakenBack()) BlockChanged(*plan, changes);
  }

  bool AppliesAccepted(v1::ApplyRequest request) {
    const v1::AcceptedPlan& accepted = in_.ledger.accepted();
    if (accepted.commit() != target_) return false;
    request.set_plan_digest(accepted.digest());
    return TryApply(std::move(request)).ok();
  }

  // Where later commits take back, or put right, what was not shown, the whole way goes at once.
  bool TakenBack() {
    const std::string step = std::exchange(target_, out_.wanted);
    auto request = Load();
    memory_.loader.Release();
    if (request) {
      if (AppliesAccepted(*request)) return true;
      const auto plan = DryRun(*request);
      if (plan.ok() && Unshown(*plan, merged_, Anyway(*plan)).empty()) {
        ApplyNoted(*std::move(request), plan->digest());
        return true;
      }
    }
    target_ = step;
    return false;
  }

  void ApplyNoted(v1::ApplyRequest request, const std::string& digest) {
    // Noted before it is done: after a crash the plan of what is left would look like another one.
    v1::SourceLedger noted = in_.ledger;
    noted.mutable_accepted()->set_digest(digest);
    noted.mutable_accepted()->set_commit(target_);
    noted.mutable_accepted()->set_actor(caller_.actor);
    noted.mutable_accepted()->set_unix_ms(ToUnixMillis(tools_.clock.Now()));
    if (const Status saved = SaveLedger(tools_.store, in_.id, noted); !saved.ok()) {
      return Block("StoreFailed", saved.error(), target_, true);
    }
    request.set_plan_digest(digest);
    Apply(std::move(request));
  }

  Result<v1::Plan> DryRun(v1::ApplyRequest request) {
    request.clear_plan_digest();
    request.clear_idempotency_key();
    request.set_dry_run(true);
    control::ApplyOptions options;
    options.brief = true;
    PW_ASSIGN(v1::ApplyResponse response, tools_.control.Apply(caller_, std::move(request), options));
    return std::move(*response.mutable_plan());
  }

  // What would be done without this commit: drift, and what runs of before have not done yet.
  v1::Plan Anyway(const v1::Plan& plan) {
    const bool shown = std::any_of(merged_.begin(), merged_.end(), [&](const v1::PullRequestLedger* ledger) {
      return ledger->shown().digest() == plan.digest();
    });
    if (shown) return {};
    Folder before = Read(in_.ledger.applied().commit());
    memory_.loader.Release();
    if (!before.reason.empty()) return {};
    auto now = DryRun(std::move(before.request));
    return now.ok() ? *std::move(now) : v1::Plan();
  }

  void BlockChanged(const v1::Plan& plan, const std::vector<std::string>& changes) {
    std::string numbers;
    for (const v1::PullRequestLedger* ledger : merged_) {
      numbers += (numbers.empty() ? "#" : ", #") + std::to_string(ledger->number());
    }
    std::string text =
        "commit " + Short(target_) + " merges " + numbers + " and would do something else than was shown there:\n";
    for (const std::string& change : changes) text += "  " + change + "\n";
    const std::string digest = HexEncode(plan.digest());
    text += "Nothing was applied. The plan is " + digest + " now; to run it all the same: podwright source sync " +
            in_.id.name + " --accept " + digest.substr(0, 16);
    Block(kPlanChanged, FailedPrecondition(std::move(text)), target_, false);
    out_.problem->set_digest(plan.digest());
  }

  void Refuse(const Error& error) {
    if (verdict_.approval_needed()) {
      Block(kApprovalNeeded, error.Wrap("commit " + Short(target_)), target_, true);
      out_.problem->set_digest(verdict_.digest());
      return;
    }
    // A plan that went stale between two looks at it may well be the shown one at the next.
    const bool stale = !merged_.empty() && error.code() == ErrorCode::kFailedPrecondition;
    Block("Refused", error.Wrap("commit " + Short(target_) + " cannot be applied"), target_, stale || MayPass(error));
  }

  void Apply(v1::ApplyRequest request) {
    const Status applied = TryApply(std::move(request));
    if (!applied.ok()) Refuse(applied.error());
  }

  Status TryApply(v1::ApplyRequest request) {
    const int documents = request.puts_size();
    control::ApplyOptions options;
    options.brief = true;
    options.request_digest = std::string(Sha256(request.idempotency_key()).View());
    options.times = &out_.times.parts;
    verdict_.Clear();
    options.verdict = &verdict_;
    PW_ASSIGN(const v1::ApplyResponse response, tools_.control.Apply(caller_, std::move(request), options));
    PW_FAULT(kSourceApplied);
    v1::AppliedCommit applied;
    applied.set_commit(target_);
    const auto info = mirror_.Describe(target_);
    if (info.ok()) {
      applied.set_subject(info->subject);
      applied.set_author(info->author);
      applied.set_committed_unix_ms(info->unix_ms);
    }
    applied.set_applied_unix_ms(ToUnixMillis(tools_.clock.Now()));
    applied.set_revision(response.revision());
    applied.set_run(response.run());
    applied.set_documents(static_cast<std::uint32_t>(documents));
    applied.set_pinned(in_.ledger.has_pin());
    out_.applied = std::move(applied);
    return Ok();
  }

  const LookTools& tools_;
  const LookInput& in_;
  LookMemory& memory_;
  const control::Caller caller_;
  const git::Mirror mirror_;
  std::string target_;
  std::map<std::uint64_t, v1::PullRequestLedger> pull_requests_;
  std::vector<const v1::PullRequestLedger*> merged_;  // by `target_`, of pull_requests_
  v1::PolicyVerdict verdict_;                         // where policy held the last apply back
  LookOutcome out_;
};

}  // namespace

std::filesystem::path MirrorOf(const std::filesystem::path& mirrors, const std::string& uid) {
  return mirrors / (Sha256(uid).Hex().substr(0, 32) + ".git");
}

LookOutcome LookAt(const LookTools& tools, const LookInput& input, LookMemory& memory) {
  return Look(tools, input, memory).Run();
}

}  // namespace podwright::sources
