// May this commit follow the applied one? Its history, and the signatures of everything that it brings.
//
// Threading: one thread at a time. Errors: PermissionDenied with the commit's name for signatures, FailedPrecondition
// for histories, those of the mirror for the rest.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/result.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/git/mirror.h"

namespace podwright::sources {

// What stands in SourceProblem::reason.
inline constexpr char kHistoryRewritten[] = "HistoryRewritten";
inline constexpr char kCommitBehind[] = "CommitBehind";
inline constexpr char kUnverified[] = "Unverified";

struct Refusal {
  std::string reason;
  Error error;
  std::string commit;
  bool applied_missing = false;  // the mirror does not hold the applied commit
};

class CommitChecks {
 public:
  // nullopt: it may. A pin is a person's decision, so no history is asked of it, but its own signature is.
  std::optional<Refusal> Check(const git::Mirror& mirror, const v1::kinds::GitSourceSpec& spec,
                               const v1::SourceLedger& ledger, const std::string& wanted);

  // Of a branch that is not merged: the signatures of what it brings beyond `base`.
  std::optional<Refusal> CheckBranch(const git::Mirror& mirror, const v1::kinds::GitSourceSpec& spec,
                                     const std::string& base, const std::string& head);

 private:
  std::optional<Refusal> CheckHistory(const git::Mirror& mirror, const std::string& applied, const std::string& wanted);
  std::optional<Refusal> CheckSignatures(const git::Mirror& mirror, const v1::kinds::GitSourceSpec& spec,
                                         const std::string& from, const std::string& wanted);

  std::string signers_;             // that `verified_` stands on
  std::set<std::string> verified_;  // commits whose signatures hold
};

}  // namespace podwright::sources
