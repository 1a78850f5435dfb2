// One look at a source: fetch, check, load, apply. Level-triggered: what was done already is not done again, so that a
// look may be cut off anywhere and made anew.
//
// Threading: one look at a source at a time; different sources on any threads. It waits for the network and for agents.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/apply_options.h"
#include "reconciler/control/keys.h"
#include "reconciler/git/fetcher.h"
#include "reconciler/git/mirror.h"
#include "reconciler/sources/commit_checks.h"
#include "reconciler/sources/folder_loader.h"
#include "reconciler/sources/secret_memo.h"

namespace podwright::kinds {
class Registry;
}
namespace podwright::control {
class ControlPlane;
}
namespace podwright::store {
class Store;
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
  LookMemory(control::ControlPlane& control, const kinds::Registry& kinds) : secrets(control), loader(kinds) {}
  SecretMemo secrets;
  CommitChecks checks;
  FolderLoader loader;
  // The applied commit for whose sake the mirror was made anew: once is enough to know that it was rewritten away.
  std::string sought;
};

// How long the steps of one look took.
struct LookTimes {
  std::chrono::microseconds fetch{};
  std::chrono::microseconds verify{};
  std::chrono::microseconds load{};
  std::chrono::microseconds apply{};  // all of it
  control::ApplyTimes parts;          // of `apply`
  std::size_t files = 0;
  std::size_t parsed = 0;  // of them
};

struct LookOutcome {
  bool fetched = false;
  std::string wanted;  // the commit; "": none was fetched yet
  std::string wanted_subject;
  std::optional<v1::AppliedCommit> applied;  // by this look
  std::optional<v1::SourceProblem> problem;  // without times and counts
  bool passing = false;                      // the problem may go by itself: try again soon
  bool more = false;                         // a commit on the way was applied: go on at once
  LookTimes times;
};

struct LookTools {
  git::Fetcher& fetcher;
  control::ControlPlane& control;
  const kinds::Registry& kinds;
  Clock& clock;
  std::filesystem::path mirrors;  // the folder of all mirrors
  store::Store& store;
  // Asks the forge which pull requests were merged, so that their records are up to date; may be empty.
  std::function<void(const control::ObjectId& source)> ask_forge;
};

LookOutcome LookAt(const LookTools& tools, const LookInput& input, LookMemory& memory);

std::filesystem::path MirrorOf(const std::filesystem::path& mirrors, const std::string& uid);

}  // namespace podwright::sources
