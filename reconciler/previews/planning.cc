#include "reconciler/previews/planning.h"

#include <map>
#include <utility>

#include "core/clock.h"
#include "core/digest.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/git/merge.h"
#include "reconciler/sources/folder.h"
#include "reconciler/sources/pull_request_ledger.h"

namespace podwright::previews {
namespace {

constexpr char kSecret[] = "secret";

class PlanningWork {
 public:
  PlanningWork(const git::Mirror& mirror, const PlanningInput& input, sources::FolderLoader& loader,
               sources::CommitChecks& checks, control::ControlPlane& control)
      : mirror_(mirror), in_(input), loader_(loader), checks_(checks), control_(control) {}

  Result<Planning> Run() {
    out_.planned.set_head(in_.head);
    out_.planned.set_base(in_.base);
    const auto merged = git::MergeTrees(mirror_, in_.base, in_.head);
    if (!merged.ok() && merged.error().code() == ErrorCode::kInvalidArgument) {
      return Fail(merged.error().message(), {});
    }
    PW_TRY(merged);
    if (merged->tree.empty()) {
      const std::size_t count = merged->conflicts.size();
      return Fail("conflicts in " + std::to_string(count) + (count == 1 ? " file" : " files") + ": it cannot be merged",
                  merged->conflicts);
    }
    out_.planned.set_tree(merged->tree);
    PW_ASSIGN(out_.content.touches_folder, Touches(merged->tree));
    sources::Folder folder = Read(merged->tree, "the merge");
    if (folder.reason == sources::kMirrorBroken) return DataLoss(folder.message);
    if (!folder.reason.empty()) {
      std::vector<std::string> details;
      for (const kinds::Diagnostic& item : folder.diagnostics.items()) details.push_back(item.ToString());
      return Fail(folder.message, std::move(details));
    }
    for (const kinds::Diagnostic& item : folder.diagnostics.items()) {
      out_.content.warnings.push_back(item.ToString());
    }
    TellUnsigned();
    if (in_.fork) KeepClosed(&folder.request);
    return DryRun(std::move(folder.request));
  }

 private:
  Result<Planning> Fail(std::string problem, std::vector<std::string> details) {
    out_.content.state = State::kFailed;
    out_.content.problem = std::move(problem);
    out_.content.details = std::move(details);
    return std::move(out_);
  }

  sources::Folder Read(const std::string& id, const std::string& where) {
    sources::Folder folder = sources::ReadFolder(loader_, mirror_, id, where, in_.source, in_.spec, control_);
    loader_.Release();
    return folder;
  }

  // Does the pull request change anything that the source would load?
  Result<bool> Touches(const std::string& tree) {
    const auto before = mirror_.List(in_.base, in_.spec.path());
    const auto after = mirror_.List(tree, in_.spec.path());
    if (!before.ok() || !after.ok()) return true;
    if (before->size() != after->size()) return true;
    for (std::size_t i = 0; i < before->size(); ++i) {
      if ((*before)[i].path != (*after)[i].path || (*before)[i].blob != (*after)[i].blob) return true;
    }
    return false;
  }

  // The plan is true all the same: a squash makes a commit of its own, which may be signed.
  void TellUnsigned() {
    const auto refusal = checks_.CheckBranch(mirror_, in_.spec, in_.base, in_.head);
    if (!refusal || refusal->reason != sources::kUnverified) return;
    out_.content.warnings.push_back(refusal->error.message() +
                                    ": merged with it, the source stops before it applies anything. The commit that "
                                    "merges must be signed by one of its signers, too");
  }

  // Sealed values of a stranger's commits are not opened: those of the base stand for them.
  void KeepClosed(v1::ApplyRequest* request) {
    std::map<std::string, v1::kinds::SecretSpec> before;
    const sources::Folder base = Read(in_.base, "the base");
    for (const v1::DesiredObject& put : base.request.puts()) {
      if (put.kind() == kSecret) static_cast<void>(before[put.name()].ParseFromString(put.spec()));
    }
    for (v1::DesiredObject& put : *request->mutable_puts()) {
      v1::kinds::SecretSpec spec;
      if (put.kind() != kSecret || !spec.ParseFromString(put.spec()) || !spec.has_sealed()) continue;
      const auto at = before.find(put.name());
      const bool known = at != before.end() && at->second.has_sealed();
      if (known && at->second.sealed() == spec.sealed()) continue;
      if (known) {
        spec.set_sealed(at->second.sealed());
      } else {
        spec.clear_sealed();
      }
      put.set_spec(spec.SerializeAsString());
      out_.content.warnings.push_back("secret/" + put.name() +
                                      ": its sealed value comes from a fork and is not opened before it is merged; the "
                                      "plan leaves it out");
    }
  }

  Result<Planning> DryRun(v1::ApplyRequest request) {
    request.set_dry_run(true);
    control::ApplyOptions options;
    options.brief = true;
    const control::Caller caller{request.owner(), control::Role::kOperator, in_.source.workspace, ""};
    auto response = control_.Apply(caller, std::move(request), options);
    if (!response.ok()) {
      const Error& error = response.error();
      if (error.retry() != Retry::kNever && error.code() != ErrorCode::kConflict) return error;
      return Fail("it cannot be applied", {error.ToString()});
    }
    out_.planned.MergeFrom(sources::MakeShownPlan(response->plan()));
    Content& content = out_.content;
    content.state = State::kPlanned;
    content.plan = std::move(*response->mutable_plan());
    for (v1::Slice& slice : *content.plan.mutable_slices()) {
      for (v1::Action& action : *slice.mutable_actions()) {
        action.clear_payload();
        action.clear_guards();
        action.clear_bindings();
      }
    }
    content.warnings.insert(content.warnings.end(), response->warnings().begin(), response->warnings().end());
    TakePolicy(response->policy());
    return std::move(out_);
  }

  void TakePolicy(const v1::PolicyVerdict& verdict) {
    Content& content = out_.content;
    content.can_approve = verdict.approval_needed() && !verdict.approved();
    content.allowed = !content.can_approve;
    content.not_by_author = verdict.not_by_author();
    content.approve = HexEncode(verdict.digest());
    for (const v1::PassedLimit& limit : verdict.limits()) content.policy.push_back(limit.text());
    if (verdict.approval_needed()) {
      std::string text = std::to_string(verdict.given_size()) + " of " + std::to_string(verdict.needed()) +
                         (verdict.needed() == 1 ? " approval" : " approvals");
      for (int i = 0; i < verdict.given_size(); ++i) text += (i == 0 ? ": " : ", ") + verdict.given(i).actor();
      content.policy.push_back(text);
      std::string who;
      for (const std::string& one : verdict.approvers()) who += (who.empty() ? "" : ", ") + one;
      if (!who.empty()) content.policy.push_back("may approve: " + who);
      if (verdict.not_by_author()) content.policy.push_back("not by the author of the pull request");
    }
    for (const v1::WindowWait& wait : verdict.windows()) {
      content.policy.push_back(ObjectText(wait.object()) + " waits for " + wait.window() +
                               (wait.opens_unix_ms() == 0
                                    ? std::string(", which does not open")
                                    : ", which opens " + FormatRfc3339(FromUnixMillis(wait.opens_unix_ms()))));
    }
    for (const v1::Wave& wave : verdict.waves()) {
      content.policy.push_back("wave " + std::to_string(wave.number()) + " (" + wave.selector() +
                               "): " + std::to_string(wave.objects_size()) +
                               (wave.objects_size() == 1 ? " object" : " objects"));
    }
  }

  const git::Mirror& mirror_;
  const PlanningInput& in_;
  sources::FolderLoader& loader_;
  sources::CommitChecks& checks_;
  control::ControlPlane& control_;
  Planning out_;
};

}  // namespace

Result<Planning> PlanPullRequest(const git::Mirror& mirror, const PlanningInput& input, sources::FolderLoader& loader,
                                 sources::CommitChecks& checks, control::ControlPlane& control) {
  return PlanningWork(mirror, input, loader, checks, control).Run();
}

}  // namespace podwright::previews
