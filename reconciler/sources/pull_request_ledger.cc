#include "reconciler/sources/pull_request_ledger.h"

#include <algorithm>
#include <map>
#include <vector>

#include "core/digest.h"
#include "kinds/canonical.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/store.h"

namespace podwright::sources {
namespace {

constexpr std::size_t kMostBytes = 768U << 10;  // of the store's 1 MiB
constexpr int kMostActionsNamed = 20;           // of one slice
constexpr std::size_t kLongestName = 200;

std::string Folder(const control::ObjectId& source) {
  return "preview/" + source.workspace + "/" + source.name + "/";
}

std::string Key(const control::ObjectId& source, std::uint64_t number) {
  return Folder(source) + std::to_string(number);
}

void DropDetails(v1::ShownPlan* plan) {
  for (v1::ShownSlice& slice : *plan->mutable_slices()) slice.clear_actions();
}

std::string Cut(std::string text) {
  if (text.size() <= kLongestName) return text;
  text.resize(kLongestName);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0x80) text.pop_back();
  return text;
}

}  // namespace

Result<std::map<std::uint64_t, v1::PullRequestLedger>> LoadPullRequests(store::Store& store,
                                                                        const control::ObjectId& source,
                                                                        const std::string& uid) {
  std::map<std::uint64_t, v1::PullRequestLedger> out;
  const auto read = store::ForEach(store, store::Prefix(Folder(source)), [&](store::KeyValue& kv) -> Status {
    v1::PullRequestLedger ledger;
    if (!ledger.ParseFromString(kv.value)) return DataLoss("the record " + kv.key + " cannot be read");
    if (ledger.uid() == uid) out[ledger.number()] = std::move(ledger);
    return Ok();
  });
  PW_TRY(read);
  return out;
}

Status SavePullRequest(store::Store& store, const control::ObjectId& source, const v1::PullRequestLedger& ledger) {
  v1::PullRequestLedger kept = ledger;
  if (kept.ByteSizeLong() > kMostBytes) {
    DropDetails(kept.mutable_planned());
    DropDetails(kept.mutable_shown());
  }
  // The digests alone still tell whether a plan is the same as a whole.
  if (kept.ByteSizeLong() > kMostBytes) {
    kept.mutable_planned()->clear_slices();
    kept.mutable_shown()->clear_slices();
  }
  const auto written = store::Put(store, Key(source, ledger.number()), kept.SerializeAsString());
  return written.ok() ? Ok() : Status(written.error());
}

Status RemovePullRequest(store::Store& store, const control::ObjectId& source, std::uint64_t number) {
  store::Transaction removal;
  removal.success.push_back(store::Op::Delete(Key(source, number)));
  const auto done = store.Commit(removal);
  return done.ok() ? Ok() : Status(done.error());
}

Status RemovePullRequests(store::Store& store, const control::ObjectId& source) {
  store::Transaction removal;
  removal.success.push_back(store::Op::DeleteRange(store::Prefix(Folder(source))));
  const auto done = store.Commit(removal);
  return done.ok() ? Ok() : Status(done.error());
}

std::string EffectOf(const v1::Slice& slice) {
  std::map<std::string, int> places;
  for (int i = 0; i < slice.actions_size(); ++i) places[slice.actions(i).id()] = i;
  Sha256Hasher hasher;
  hasher.UpdateField(slice.object().kind());
  hasher.UpdateField(slice.object().name());
  hasher.UpdateField(slice.desired_digest());
  hasher.UpdateField(slice.error());
  for (const std::string& requirement : slice.requirements()) hasher.UpdateField(requirement);
  for (v1::Action action : slice.actions()) {
    // Which of another object's actions it waits for changes when that object has nothing left to do.
    std::vector<std::string> inner;
    for (const std::string& on : action.depends_on()) {
      if (const auto at = places.find(on); at != places.end()) inner.push_back(std::to_string(at->second));
    }
    action.clear_depends_on();
    for (std::string& on : inner) action.add_depends_on(std::move(on));
    // Of an object that is not there yet it is another one in every plan.
    action.clear_id();
    hasher.UpdateField(kinds::CanonicalBytes(action));
  }
  return std::string(hasher.Finish().View());
}

v1::ShownPlan MakeShownPlan(const v1::Plan& plan) {
  v1::ShownPlan out;
  out.set_digest(plan.digest());
  for (const v1::Slice& slice : plan.slices()) {
    if (slice.actions_size() == 0 && slice.error().empty()) continue;
    v1::ShownSlice* shown = out.add_slices();
    *shown->mutable_object() = slice.object();
    shown->set_effect(EffectOf(slice));
    for (int i = 0; i < slice.actions_size() && i < kMostActionsNamed; ++i) {
      const v1::Action& action = slice.actions(i);
      shown->add_actions(Cut(action.verb() + (action.subject().empty() ? "" : " " + action.subject()) +
                             (action.server().empty() ? "" : " on " + action.server())));
    }
  }
  return out;
}

}  // namespace podwright::sources
