#include "reconciler/planner/planner.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <utility>

#include "reconciler/planner/merge.h"
#include "reconciler/planner/merkle.h"
#include "reconciler/planner/slice.h"

namespace podwright::planner {

namespace {

constexpr std::size_t kObjectsAtOnce = 64;  // that a thread takes from the pile

unsigned Threads(unsigned wanted) {
  return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

enum class Keep { kAll, kShown };  // kShown: the others are left empty

// Every slice lands in the place of its object, so the result does not know who made it.
std::vector<PlannedSlice> PlanSlices(const KindPlanners& kinds, const std::vector<const Fact<ObjectInput>*>& objects,
                                     const Facts& facts, unsigned threads, Keep keep = Keep::kAll) {
  std::vector<PlannedSlice> slices(objects.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t begin = next.fetch_add(kObjectsAtOnce); begin < objects.size();
         begin = next.fetch_add(kObjectsAtOnce)) {
      const std::size_t end = std::min(begin + kObjectsAtOnce, objects.size());
      for (std::size_t i = begin; i < end; ++i) {
        PlannedSlice slice = PlanSlice(kinds, *objects[i], facts);
        if (keep == Keep::kAll || slice.Shown()) slices[i] = std::move(slice);
      }
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads && i * kObjectsAtOnce < objects.size(); ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  return slices;
}

using SlicePointer = std::shared_ptr<const PlannedSlice>;  // shared: what is kept and what a preview looks at

}  // namespace

struct Planner::State {
  std::map<ObjectKey, SlicePointer> slices;
  StringMap<std::set<ObjectKey>> readers;  // by fact key; every object reads itself
  MerkleTree tree;

  void Put(PlannedSlice planned);
  void Remove(const ObjectKey& key);
  std::set<ObjectKey> ReadersOf(const std::vector<std::string>& keys) const;
};

namespace {

// Everything that makes a slice be planned again.
std::vector<std::string> ReadKeys(const PlannedSlice& slice) {
  std::vector<std::string> keys{ObjectFactKey(slice.key)};
  for (const v1::FactRead& read : slice.message.reads()) keys.push_back(read.key());
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace

void Planner::State::Put(PlannedSlice planned) {
  const std::vector<std::string> now = ReadKeys(planned);
  SlicePointer& place = slices[planned.key];
  std::vector<std::string> before;
  if (place) before = ReadKeys(*place);
  for (const std::string& key : before) {
    if (!std::binary_search(now.begin(), now.end(), key)) readers[key].erase(planned.key);
  }
  for (const std::string& key : now) {
    if (!std::binary_search(before.begin(), before.end(), key)) readers[key].insert(planned.key);
  }
  if (planned.Counts()) {
    tree.Set(planned.key, planned.message.digest());
  } else if (place && place->Counts()) {
    tree.Erase(planned.key);
  }
  place = std::make_shared<const PlannedSlice>(std::move(planned));
}

void Planner::State::Remove(const ObjectKey& key) {
  const auto it = slices.find(key);
  if (it == slices.end()) return;
  for (const std::string& fact : ReadKeys(*it->second)) {
    const auto found = readers.find(fact);
    if (found == readers.end()) continue;
    found->second.erase(key);
    if (found->second.empty()) readers.erase(found);
  }
  if (it->second->Counts()) tree.Erase(key);
  slices.erase(it);
}

std::set<ObjectKey> Planner::State::ReadersOf(const std::vector<std::string>& keys) const {
  std::set<ObjectKey> out;
  for (const std::string& key : keys) {
    const auto it = readers.find(key);
    if (it != readers.end()) out.insert(it->second.begin(), it->second.end());
  }
  return out;
}

Planner::Planner(const KindPlanners& kinds, PlannerOptions options)
    : kinds_(kinds), options_(options), state_(std::make_unique<State>()) {}
Planner::~Planner() = default;

v1::Plan Planner::PlanAll(const Facts& facts) const {
  std::vector<PlannedSlice> slices =
      PlanSlices(kinds_, facts.Objects(), facts, Threads(options_.threads), Keep::kShown);
  std::erase_if(slices, [](const PlannedSlice& slice) { return !slice.Shown(); });
  return MergeTaking(std::move(slices));
}

void Planner::Reset(const FactBase& base) {
  state_ = std::make_unique<State>();
  for (PlannedSlice& slice : PlanSlices(kinds_, base.Objects(), base, Threads(options_.threads))) {
    state_->Put(std::move(slice));
  }
  state_->tree.Refresh();
}

namespace {

constexpr std::string_view kObjectPrefix = "object/";

// "object/server/web-1" → server, web-1.
std::optional<ObjectKey> ObjectOfKey(std::string_view fact) {
  if (fact.substr(0, kObjectPrefix.size()) != kObjectPrefix) return std::nullopt;
  fact.remove_prefix(kObjectPrefix.size());
  const std::size_t slash = fact.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return ObjectKey{std::string(fact.substr(0, slash)), std::string(fact.substr(slash + 1))};
}

// The objects whose slices have to be made again, appeared and gone ones too.
template <typename State>
std::set<ObjectKey> Concerned(const State& state, const std::vector<std::string>& changed_keys) {
  std::set<ObjectKey> keys = state.ReadersOf(changed_keys);
  for (const std::string& fact : changed_keys) {
    if (auto key = ObjectOfKey(fact)) keys.insert(std::move(*key));
  }
  return keys;
}

// The slices of those that exist.
std::vector<PlannedSlice> Replan(const KindPlanners& kinds, const std::set<ObjectKey>& keys, const Facts& facts,
                                 unsigned threads) {
  std::vector<const Fact<ObjectInput>*> objects;
  for (const ObjectKey& key : keys) {
    if (const auto* object = facts.FindObject(key)) objects.push_back(object);
  }
  return PlanSlices(kinds, objects, facts, threads);
}

// Which slices a plan is made of: every one, or those asked for and all that they wait for.
// `Find` gives a key's slice or nullptr; `all` visits every slice in order.
template <typename Find, typename ForAll>
std::vector<const PlannedSlice*> InScope(const PlanScope& scope, Find find, ForAll all) {
  std::vector<const PlannedSlice*> out;
  if (scope.all) {
    all([&out](const PlannedSlice& slice) {
      if (slice.Shown()) out.push_back(&slice);
    });
    return out;
  }
  std::set<ObjectKey> in(scope.objects.begin(), scope.objects.end());
  std::vector<ObjectKey> open(in.begin(), in.end());
  const auto add = [&](const ObjectKey& key) {
    if (in.insert(key).second) open.push_back(key);
  };
  while (!open.empty()) {
    const PlannedSlice* slice = find(open.back());
    open.pop_back();
    if (slice == nullptr) continue;
    for (const auto& [action, key] : slice->outer) add(key);
    if (slice->ends_servers.empty()) continue;
    const std::set<std::string_view> ends(slice->ends_servers.begin(), slice->ends_servers.end());
    all([&](const PlannedSlice& other) {
      for (const v1::Action& action : other.message.actions()) {
        if (ends.contains(action.server())) add(other.key);
      }
    });
  }
  for (const ObjectKey& key : in) {
    const PlannedSlice* slice = find(key);
    if (slice != nullptr && slice->Shown()) out.push_back(slice);
  }
  return out;
}

}  // namespace

PlanUpdate Planner::Update(const FactBase& base, const std::vector<std::string>& changed_keys) {
  PlanUpdate update;
  const std::set<ObjectKey> keys = Concerned(*state_, changed_keys);
  update.replanned.assign(keys.begin(), keys.end());
  std::set<ObjectKey> there;
  for (PlannedSlice& slice : Replan(kinds_, keys, base, Threads(options_.threads))) {
    const auto it = state_->slices.find(slice.key);
    if (it == state_->slices.end() || it->second->message.digest() != slice.message.digest()) {
      update.changed.push_back(slice.key);
    }
    there.insert(slice.key);
    state_->Put(std::move(slice));
  }
  for (const ObjectKey& key : keys) {
    if (there.contains(key) || !state_->slices.contains(key)) continue;
    update.changed.push_back(key);
    state_->Remove(key);
  }
  std::sort(update.changed.begin(), update.changed.end());
  state_->tree.Refresh();
  return update;
}

v1::Plan Planner::CurrentPlan(const PlanScope& scope) const {
  const auto find = [this](const ObjectKey& key) {
    const auto it = state_->slices.find(key);
    return it == state_->slices.end() ? nullptr : it->second.get();
  };
  const auto all = [this](const auto& visit) {
    for (const auto& [key, slice] : state_->slices) visit(*slice);
  };
  return MergeCopying(InScope(scope, find, all));
}

Digest Planner::CurrentDigest() const {
  return state_->tree.Root();
}

std::optional<v1::Slice> Planner::CurrentSlice(const ObjectKey& key) const {
  const auto it = state_->slices.find(key);
  if (it == state_->slices.end()) return std::nullopt;
  const v1::Plan plan = CurrentPlan(PlanScope::Of({key}));
  for (const v1::Slice& slice : plan.slices()) {
    if (slice.object().kind() == key.kind && slice.object().name() == key.name) return slice;
  }
  return it->second->message;
}

const v1::Slice* Planner::KeptSlice(const ObjectKey& key) const {
  const auto it = state_->slices.find(key);
  return it == state_->slices.end() ? nullptr : &it->second->message;
}

v1::Plan Planner::Preview(const FactOverlay& overlay, const PlanScope& scope, std::vector<ObjectKey>* touched) const {
  const std::set<ObjectKey> keys = Concerned(*state_, overlay.ChangedKeys());
  const std::vector<PlannedSlice> replanned = Replan(kinds_, keys, overlay, Threads(options_.threads));
  std::map<ObjectKey, const PlannedSlice*> fresh;  // nullptr: gone on the overlay
  for (const ObjectKey& key : keys) fresh[key] = nullptr;
  for (const PlannedSlice& slice : replanned) fresh[slice.key] = &slice;

  const auto kept = [this](const ObjectKey& key) {
    const auto it = state_->slices.find(key);
    return it == state_->slices.end() ? nullptr : it->second.get();
  };
  const auto find = [&](const ObjectKey& key) {
    const auto it = fresh.find(key);
    return it == fresh.end() ? kept(key) : it->second;
  };
  const auto all = [&](const auto& visit) {
    auto next = fresh.begin();
    const auto visit_fresh_before = [&](const ObjectKey* key) {
      for (; next != fresh.end() && (key == nullptr || next->first < *key); ++next) {
        if (next->second != nullptr) visit(*next->second);
      }
    };
    for (const auto& [key, slice] : state_->slices) {
      visit_fresh_before(&key);
      if (!fresh.contains(key)) visit(*slice);
    }
    visit_fresh_before(nullptr);
  };
  if (touched != nullptr) {
    touched->clear();
    for (const auto& [key, slice] : fresh) {
      const PlannedSlice* before = kept(key);
      const bool same = before != nullptr && slice != nullptr && before->message.digest() == slice->message.digest();
      if (!same && before != slice) touched->push_back(key);
    }
  }
  return MergeCopying(InScope(scope, find, all));
}

}  // namespace podwright::planner
