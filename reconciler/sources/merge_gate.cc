#include "reconciler/sources/merge_gate.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "reconciler/git/merge.h"
#include "reconciler/sources/pull_request_ledger.h"

namespace podwright::sources {
namespace {

constexpr std::size_t kLongestWay = 500;  // commits of the branch that are looked through one by one
constexpr std::size_t kMostStarts = 20;   // earlier commits from which a rebase may have begun
constexpr std::size_t kMostLines = 50;
constexpr std::size_t kMostNamed = 5;

using Ledgers = std::map<std::uint64_t, v1::PullRequestLedger>;

// Looks from the applied commit along the branch.
class Way {
 public:
  Way(const git::Mirror& mirror, const std::string& applied, std::vector<std::string> commits)
      : mirror_(mirror), applied_(applied), commits_(std::move(commits)) {}

  // Merged by the commit at `i`, and not before: where what it brings begins. A rebase brings several commits, and none
  // of them but the last was shown.
  Result<std::optional<std::size_t>> Merges(std::size_t i, const v1::PullRequestLedger& ledger) {
    PW_ASSIGN(const bool merges, IsMergedBy(i, ledger));
    if (!merges) return std::optional<std::size_t>();
    PW_ASSIGN(const std::size_t begin, BeginOf(i, ledger.shown()));
    return std::optional<std::size_t>(begin);
  }

  const std::string& Before(std::size_t i) const { return i == 0 ? applied_ : commits_[i - 1]; }

 private:
  Result<bool> IsMergedBy(std::size_t i, const v1::PullRequestLedger& ledger) {
    if (ledger.merge_commit() == commits_[i]) return true;
    const std::string& head = ledger.shown().head();
    if (mirror_.Describe(head).ok()) {
      PW_ASSIGN(const bool before, Contains(Before(i), head));
      if (before) return false;
      PW_ASSIGN(const bool now, Contains(commits_[i], head));
      if (now) return true;
    }
    return HasItsTree(i, ledger.shown());
  }

  // The earliest commit from which on there is nothing but the pull request, and not before the base of its preview.
  Result<std::size_t> BeginOf(std::size_t i, const v1::ShownPlan& shown) {
    if (!mirror_.Describe(shown.head()).ok()) return i;
    PW_ASSIGN(const std::string tree, git::TreeOf(mirror_, commits_[i]));
    std::size_t begin = i;
    for (std::size_t back = 0; back <= i && back < kMostStarts; ++back) {
      PW_ASSIGN(const std::string merged, Merged(Before(i - back), shown.head()));
      if (merged == tree) begin = i - back;
      if (Before(i - back) == shown.base()) break;
    }
    return begin;
  }

  Result<bool> Contains(const std::string& commit, const std::string& head) {
    PW_ASSIGN(const git::Relation relation, mirror_.Compare(head, commit));
    return relation == git::Relation::kSame || relation == git::Relation::kAhead;
  }

  // Squashed or rebased onto an earlier commit of the way.
  Result<bool> HasItsTree(std::size_t i, const v1::ShownPlan& shown) {
    PW_ASSIGN(const std::string tree, git::TreeOf(mirror_, commits_[i]));
    PW_ASSIGN(const std::string before, git::TreeOf(mirror_, Before(i)));
    if (tree == before) return false;
    if (tree == shown.tree()) return true;
    if (!mirror_.Describe(shown.head()).ok()) return false;
    for (std::size_t back = 0; back <= i && back < kMostStarts; ++back) {
      PW_ASSIGN(const std::string merged, Merged(Before(i - back), shown.head()));
      if (merged == tree) return true;
    }
    return false;
  }

  Result<std::string> Merged(const std::string& onto, const std::string& head) {
    const auto at = merged_.find({onto, head});
    if (at != merged_.end()) return at->second;
    const auto made = git::MergeTrees(mirror_, onto, head);
    if (!made.ok() && made.error().code() != ErrorCode::kInvalidArgument) return made.error();
    return merged_[{onto, head}] = made.ok() ? made->tree : "";
  }

  const git::Mirror& mirror_;
  const std::string applied_;
  const std::vector<std::string> commits_;
  std::map<std::pair<std::string, std::string>, std::string> merged_;
};

std::vector<const v1::PullRequestLedger*> Shown(const Ledgers& pull_requests) {
  std::vector<const v1::PullRequestLedger*> out;
  for (const auto& [number, ledger] : pull_requests) {
    if (!ledger.shown().digest().empty()) out.push_back(&ledger);
  }
  return out;
}

std::string Text(const v1::ObjectRef& object) {
  return object.kind() + "/" + object.name();
}

// "cache/x: reload nginx on web-1" and how many more.
std::string ActionsText(const v1::ShownSlice& slice) {
  std::string out;
  for (int i = 0; i < slice.actions_size() && static_cast<std::size_t>(i) < kMostNamed; ++i) {
    out += (i == 0 ? "" : ", ") + slice.actions(i);
  }
  const int more = slice.actions_size() - static_cast<int>(kMostNamed);
  return more > 0 ? out + " and " + std::to_string(more) + " more" : out;
}

// Of two slices of one object that do different things.
std::string DifferenceText(const v1::ShownSlice& now, const v1::ShownSlice& shown) {
  const std::set<std::string> before(shown.actions().begin(), shown.actions().end());
  const std::set<std::string> after(now.actions().begin(), now.actions().end());
  v1::ShownSlice added;
  v1::ShownSlice gone;
  for (const std::string& one : now.actions()) {
    if (!before.contains(one)) added.add_actions(one);
  }
  for (const std::string& one : shown.actions()) {
    if (!after.contains(one)) gone.add_actions(one);
  }
  std::string out;
  if (added.actions_size() > 0) out += "also " + ActionsText(added);
  if (gone.actions_size() > 0) out += (out.empty() ? "" : "; ") + std::string("no longer ") + ActionsText(gone);
  return out.empty() ? "the same actions with another content (" + ActionsText(now) + ")" : out;
}

}  // namespace

Result<MergeStep> NextStep(const git::Mirror& mirror, const std::string& applied, const std::string& wanted,
                           const Ledgers& pull_requests) {
  const auto shown = Shown(pull_requests);
  if (applied.empty() || applied == wanted || shown.empty()) return MergeStep();
  PW_ASSIGN(std::vector<std::string> commits, git::FirstParents(mirror, applied, wanted, kLongestWay));
  // Where the way is not known step by step the whole of it counts as one.
  if (commits.empty()) commits = {wanted};
  Way way(mirror, applied, commits);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    MergeStep step;
    std::size_t begin = i;
    for (const v1::PullRequestLedger* ledger : shown) {
      PW_ASSIGN(const std::optional<std::size_t> from, way.Merges(i, *ledger));
      if (!from) continue;
      step.merged.push_back(ledger);
      begin = std::min(begin, *from);
    }
    if (step.merged.empty()) continue;
    // What was pushed before it goes first, by itself.
    if (begin > 0) return MergeStep{way.Before(begin), {}};
    step.commit = commits[i];
    return step;
  }
  return MergeStep();
}

std::vector<std::string> Unshown(const v1::Plan& plan, const std::vector<const v1::PullRequestLedger*>& merged,
                                 const v1::Plan& anyway) {
  std::map<std::string, const v1::ShownSlice*> shown;
  std::string numbers;
  for (const v1::PullRequestLedger* ledger : merged) {
    if (ledger->shown().digest() == plan.digest()) return {};
    numbers += (numbers.empty() ? "#" : ", #") + std::to_string(ledger->number());
    for (const v1::ShownSlice& slice : ledger->shown().slices()) shown[Text(slice.object())] = &slice;
  }
  std::set<std::string> happens;
  for (const v1::Slice& slice : anyway.slices()) happens.insert(EffectOf(slice));
  std::vector<std::string> out;
  const v1::ShownPlan planned = MakeShownPlan(plan);
  for (const v1::ShownSlice& now : planned.slices()) {
    const auto at = shown.find(Text(now.object()));
    if (at != shown.end() && at->second->effect() == now.effect()) continue;
    if (happens.contains(now.effect())) continue;
    if (out.size() == kMostLines) {
      out.push_back("and more");
      break;
    }
    out.push_back(
        Text(now.object()) + ": " +
        (at == shown.end() ? numbers + " did not show it: " + ActionsText(now) : DifferenceText(now, *at->second)));
  }
  return out;
}

}  // namespace podwright::sources
