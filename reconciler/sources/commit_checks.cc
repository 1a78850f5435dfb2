#include "reconciler/sources/commit_checks.h"

#include <map>

#include "kinds/canonical.h"
#include "reconciler/git/allowed_signers.h"

namespace podwright::sources {
namespace {

constexpr std::size_t kMostCommits = 10'000;

std::string Short(const std::string& commit) {
  return commit.substr(0, 12);
}

}  // namespace

std::optional<Refusal> CommitChecks::Check(const git::Mirror& mirror, const v1::kinds::GitSourceSpec& spec,
                                           const v1::SourceLedger& ledger, const std::string& wanted) {
  const std::string& applied = ledger.applied().commit();
  const bool follows = !ledger.has_pin() && !applied.empty();
  if (follows) {
    if (auto refusal = CheckHistory(mirror, applied, wanted)) return refusal;
  }
  if (spec.verification().signers().empty()) return std::nullopt;
  return CheckSignatures(mirror, spec, follows ? applied : "", wanted);
}

std::optional<Refusal> CommitChecks::CheckBranch(const git::Mirror& mirror, const v1::kinds::GitSourceSpec& spec,
                                                 const std::string& base, const std::string& head) {
  if (spec.verification().signers().empty()) return std::nullopt;
  return CheckSignatures(mirror, spec, base, head);
}

std::optional<Refusal> CommitChecks::CheckHistory(const git::Mirror& mirror, const std::string& applied,
                                                  const std::string& wanted) {
  const Result<git::Relation> relation = mirror.Compare(applied, wanted);
  if (!relation.ok()) return Refusal{"MirrorBroken", relation.error(), wanted};
  const std::string accept =
      "; to accept it: podwright source rollback NAME --to " + Short(wanted) + ", then podwright source release NAME";
  if (*relation == git::Relation::kBehind) {
    return Refusal{kCommitBehind,
                   FailedPrecondition("the branch stands at " + Short(wanted) + ", behind " + Short(applied) +
                                      ", which is applied" + accept),
                   wanted};
  }
  if (*relation == git::Relation::kDiverged || *relation == git::Relation::kUnknown) {
    return Refusal{kHistoryRewritten,
                   FailedPrecondition("the branch was rewritten: " + Short(wanted) + " does not descend from " +
                                      Short(applied) + ", which is applied" + accept),
                   wanted, *relation == git::Relation::kUnknown};
  }
  return std::nullopt;
}

std::optional<Refusal> CommitChecks::CheckSignatures(const git::Mirror& mirror, const v1::kinds::GitSourceSpec& spec,
                                                     const std::string& from, const std::string& wanted) {
  const std::string signers = kinds::CanonicalBytes(spec.verification());
  if (signers != signers_) verified_.clear();
  signers_ = signers;
  std::map<std::string, git::Signer> allowed;
  for (const auto& [name, signer] : spec.verification().signers()) allowed[name] = {signer.ssh_key(), signer.pgp_key()};
  const git::AllowedSigners check(std::move(allowed));
  const auto commits = mirror.Between(from, wanted, kMostCommits);
  if (!commits.ok()) return Refusal{"MirrorBroken", commits.error(), wanted};
  for (const std::string& commit : *commits) {
    if (verified_.contains(commit)) continue;
    const auto signed_commit = mirror.Signed(commit);
    if (!signed_commit.ok()) return Refusal{"MirrorBroken", signed_commit.error(), commit};
    const Result<std::string> signer = check.Verify(*signed_commit);
    if (!signer.ok()) {
      const auto info = mirror.Describe(commit);
      const std::string subject = info.ok() ? " \"" + info->subject + "\"" : "";
      return Refusal{kUnverified, signer.error().Wrap("commit " + Short(commit) + subject + " is not trusted"), commit};
    }
    verified_.insert(commit);
  }
  return std::nullopt;
}

}  // namespace podwright::sources
