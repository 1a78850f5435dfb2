// One look at a source: fetch, check, load, apply. Level-triggered: what was done already is not done again, so that a
// look may be cut off anywhere and made anew.
//
// Threading: one look at a source at a time; different sources on any threads. It waits for the network and for agents.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/git/fetcher.h"
#include "reconciler/git/mirror.h"
#include "reconciler/sources/commit_checks.h"
#include "reconciler/sources/secret_memo.h"

namespace podwright::kinds {
class Registry;
}
namespace podwright::control {
class ControlPlane;
}

namespace podwright::sources {

// The source as it was when the look began.
struct LookInput {
  control::ObjectId id;
  std::int64_t generation = 0;
  v1::kinds::GitSourceSpec spec;  // with its defaults
  v1::SourceLedger ledger;
};

// What looks at the same source share.
struct LookMemory {
  explicit LookMemory(control::ControlPlane& control) : secrets(control) {}
  SecretMemo secrets;
  CommitChecks checks;
};

struct LookOutcome {
  bool fetched = false;
  std::string wanted;  // the commit; "": none was fetched yet
  std::string wanted_subject;
  std::optional<v1::AppliedCommit> applied;  // by this look
  std::optional<v1::SourceProblem> problem;  // without times and counts
  bool passing = false;                      // the problem may go by itself: try again soon
};

struct LookTools {
  git::Fetcher& fetcher;
  control::ControlPlane& control;
  const kinds::Registry& kinds;
  Clock& clock;
  std::filesystem::path mirrors;  // the folder of all mirrors
};

LookOutcome LookAt(const LookTools& tools, const LookInput& input, LookMemory& memory);

std::filesystem::path MirrorOf(const std::filesystem::path& mirrors, const std::string& uid);

}  // namespace podwright::sources
