// One look at the pull requests of a source: list, follow commands, fetch, plan, then write statuses and comments as
// far as the forge's pace lets it. Level-triggered: the ledgers in the store say what the forge has for certain, so a
// look may be cut off anywhere and made anew; what is written already is not written again.
//
// Threading: one look at a source at a time; different sources on any threads. It waits for the network and for agents,
// never for its turn to write: see Outcome::publish_at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/preview.pb.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/forge/forge.h"
#include "reconciler/forge/forges.h"
#include "reconciler/git/fetcher.h"
#include "reconciler/previews/content.h"
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

namespace podwright::previews {

using OpenForge = std::function<Result<std::unique_ptr<forge::Forge>>(forge::ForgeSettings settings)>;

struct LookTools {
  store::Store& store;
  Clock& clock;
  Random& random;
  control::ControlPlane& control;
  git::Fetcher& fetcher;
  std::filesystem::path mirrors;
  OpenForge open_forge;
  std::string public_url;  // "": there are no pages
};

// What somebody's comment asks for.
struct Approval {
  std::string login;
  std::string digits;  // of the digest; "": of the one that our comment shows
};

// A pull request as looks hold it in memory.
struct PullRow {
  v1::PullRequestLedger ledger;
  forge::PullRequest pull;  // of an open one, once it was listed
  bool listed = false;
  std::shared_ptr<const Content> content;  // what is to be shown; nullptr: nothing is known yet
  std::string planned_from;                // head, base, facts and more of `content`; "": plan it
  bool interactive = false;                // somebody waits for the answer
  WallTime comments_read_to{};             // `updated` of the pull request when its comments were read last
  std::vector<Approval> approvals;         // to be given after planning
  std::int64_t commands_read_to = 0;       // id of the newest comment whose commands were followed in this life
  std::string problem;                     // why the forge cannot be written to
};

// What looks at the same source share. Belongs to the look that runs.
struct LookMemory {
  LookMemory(control::ControlPlane& control, const kinds::Registry& kinds) : secrets(control), loader(kinds) {}
  sources::SecretMemo secrets;
  sources::FolderLoader loader;
  sources::CommitChecks checks;
  std::unique_ptr<forge::Forge> forge;
  std::string forge_key;  // that `forge` was opened with
  std::map<std::uint64_t, PullRow> rows;
  bool loaded = false;
  std::string base;  // the branch's head as it was fetched last
};

struct LookInput {
  control::ObjectId id;
  std::string uid;
  std::int64_t generation = 0;
  v1::kinds::GitSourceSpec spec;  // with its defaults and `pull_requests`
  bool list = true;               // ask the forge; false: only plan again and write what is due
};

struct LookOutcome {
  std::optional<v1::SourceProblem> problem;  // without times and counts; unset: nothing is in the way
  std::optional<SteadyTime> publish_at;      // something waits for its turn to be written
};

// `listed` is called when the ledgers hold what the forge says now.
LookOutcome LookAt(const LookTools& tools, const LookInput& input, LookMemory& memory,
                   const std::function<void()>& listed);

// "/previews/default/plans/7/TOKEN"; "" before there is a token.
std::string PagePath(const control::ObjectId& source, const v1::PullRequestLedger& ledger);

}  // namespace podwright::previews
