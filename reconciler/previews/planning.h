// One pull request as a preview: the merge in memory, its folder, a dry run.
//
// Threading: one thread a loader and its checks. Waits for agents.
#pragma once

#include <string>

#include "core/result.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/preview.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/git/mirror.h"
#include "reconciler/previews/content.h"
#include "reconciler/sources/commit_checks.h"
#include "reconciler/sources/folder_loader.h"

namespace podwright::control {
class ControlPlane;
}

namespace podwright::previews {

struct PlanningInput {
  control::ObjectId source;
  const v1::kinds::GitSourceSpec& spec;
  std::string base;
  std::string head;
  bool fork = false;  // values that are sealed in it stay closed
};

struct Planning {
  Content content;        // of kPlanned or kFailed: state, problem, details, plan, warnings, policy
  v1::ShownPlan planned;  // to be remembered; without a digest where there is no plan
};

// Errors are passing ones: nothing can be said now. What is wrong with the change itself is in the answer.
Result<Planning> PlanPullRequest(const git::Mirror& mirror, const PlanningInput& input, sources::FolderLoader& loader,
                                 sources::CommitChecks& checks, control::ControlPlane& control);

}  // namespace podwright::previews
