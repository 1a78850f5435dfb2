// A merge does what its pull request showed, or nothing: finds which pull requests a commit of the branch merges, and
// compares what an Apply would do with what was shown.
//
// A merge is known by what it is, however the forge made it: the head is in its history, or the commit's tree is that
// of the head merged into an earlier commit of the branch (squash, rebase), or the forge says so. What is compared is
// what the actions do, object by object, so that a plan may come with less (done meanwhile) and with what happens
// anyway, but not with more.
//
// Threading: any thread. Errors: those of the mirror.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/plan.pb.h"
#include "podwright/v1/preview.pb.h"
#include "reconciler/git/mirror.h"

namespace podwright::sources {

inline constexpr char kPlanChanged[] = "PlanChanged";

// The next commit to apply, on the way to the wanted one.
struct MergeStep {
  std::string commit;                                // "": no pull request is merged on the way; go there at once
  std::vector<const v1::PullRequestLedger*> merged;  // at this commit; none: what was pushed before the next merge
};

// From the applied commit to the wanted one. Pull requests that nothing was shown of merge nothing here.
Result<MergeStep> NextStep(const git::Mirror& mirror, const std::string& applied, const std::string& wanted,
                           const std::map<std::uint64_t, v1::PullRequestLedger>& pull_requests);

// Why `plan` is more than what was shown, one line for each object, at most 50; empty: it is not. `anyway`: what would
// be done without this commit.
std::vector<std::string> Unshown(const v1::Plan& plan, const std::vector<const v1::PullRequestLedger*>& merged,
                                 const v1::Plan& anyway);

}  // namespace podwright::sources
