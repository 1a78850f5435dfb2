#include "reconciler/store/memory_store.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "reconciler/store/transaction.h"

namespace podwright::store {

namespace {
constexpr std::size_t kWatchBatchEvents = 1000;
}  // namespace

class MemoryStore::MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(MemoryStore& store) : store_(store) {}

  Result<std::optional<KeyValue>> Current(std::string_view key, Fields) override {
    const auto found = store_.keys_.find(key);
    if (found == store_.keys_.end()) return std::optional<KeyValue>();
    const KeyValue* kv = store_.CurrentLocked(found->second, 0);
    return kv == nullptr ? std::optional<KeyValue>() : std::optional<KeyValue>(*kv);
  }

  Result<std::vector<KeyValue>> CurrentRange(const KeyRange& range, Fields) override {
    std::vector<KeyValue> kvs;
    for (auto it = store_.keys_.lower_bound(range.from); it != store_.keys_.end() && range.Contains(it->first); ++it) {
      if (const KeyValue* kv = store_.CurrentLocked(it->second, 0); kv != nullptr) kvs.push_back(*kv);
    }
    return kvs;
  }

  Result<bool> LeaseExists(LeaseId lease) override { return store_.leases_.Alive(lease, store_.clock_.Steady()); }

  Status Put(const KeyValue& kv, Revision prev_revision) override {
    Add(kv.key, kv.mod_revision, Change{kv, prev_revision, false});
    return Ok();
  }

  Status Delete(std::string_view key, Revision revision, Revision prev_revision) override {
    KeyValue kv;
    kv.key = key;
    kv.mod_revision = revision;
    Add(kv.key, revision, Change{kv, prev_revision, true});
    return Ok();
  }

 private:
  void Add(const std::string& key, Revision revision, Change change) {
    store_.keys_[key][revision] = std::move(change);
    store_.log_.emplace_back(revision, key);
  }
  MemoryStore& store_;
};

class MemoryStore::MemoryWatcher final : public Watcher {
 public:
  MemoryWatcher(MemoryStore& store, KeyRange range, Revision next)
      : store_(store), range_(std::move(range)), next_(next) {}

  Result<WatchBatch> Next(SteadyTime deadline) override {
    std::unique_lock lock(store_.mutex_);
    for (;;) {
      store_.ExpireLocked();
      if (cancelled_) return Cancelled("the watch was cancelled");
      WatchBatch batch;
      batch.revision = next_ - 1;
      if (store_.revision_ >= next_) {
        if (next_ < store_.compacted_) return CompactedError(next_, store_.compacted_);
        batch.revision = store_.CollectLocked(range_, next_, batch.events);
        next_ = batch.revision + 1;
      }
      if (!batch.events.empty() || store_.clock_.Steady() >= deadline) return batch;
      const SteadyTime wake = std::min(deadline, store_.leases_.NextDue().value_or(deadline));
      store_.clock_.WaitUntil(lock, store_.changed_, wake);
    }
  }

  void Cancel() override {
    std::lock_guard lock(store_.mutex_);
    cancelled_ = true;
    store_.changed_.notify_all();
  }

 private:
  MemoryStore& store_;
  const KeyRange range_;
  Revision next_;           // protected by the store's mutex_
  bool cancelled_ = false;  // protected by the store's mutex_
};

const KeyValue* MemoryStore::CurrentLocked(const History& history, Revision revision) const {
  auto after = revision == 0 ? history.end() : history.upper_bound(revision);
  if (after == history.begin()) return nullptr;
  const Change& change = std::prev(after)->second;
  return change.deleted ? nullptr : &change.kv;
}

Revision MemoryStore::CollectLocked(const KeyRange& range, Revision from, std::vector<Event>& events) const {
  auto it = std::lower_bound(log_.begin(), log_.end(), from,
                             [](const auto& entry, Revision revision) { return entry.first < revision; });
  Revision last = from - 1;
  for (; it != log_.end(); ++it) {
    if (it->first != last && events.size() >= kWatchBatchEvents) return last;
    last = it->first;
    if (!range.Contains(it->second)) continue;
    const Change& change = keys_.find(it->second)->second.at(it->first);
    events.push_back({change.deleted ? Event::Type::kDelete : Event::Type::kPut, change.kv, change.prev_revision});
  }
  return revision_;
}

void MemoryStore::ExpireLocked() {
  for (const LeaseId lease : leases_.Due(clock_.Steady())) (void)RevokeLocked(lease);
}

Status MemoryStore::RevokeLocked(LeaseId lease) {
  MemoryBackend backend(*this);
  std::vector<const KeyValue*> attached;
  for (const auto& [key, history] : keys_) {
    const KeyValue* kv = CurrentLocked(history, 0);
    if (kv != nullptr && kv->lease == lease) attached.push_back(kv);
  }
  for (const KeyValue* kv : attached) PW_TRY(backend.Delete(kv->key, revision_ + 1, kv->mod_revision));
  leases_.Remove(lease);
  if (!attached.empty()) ++revision_;
  changed_.notify_all();
  return Ok();
}

Result<TransactionResult> MemoryStore::Commit(const Transaction& transaction) {
  PW_TRY(Validate(transaction));
  std::lock_guard lock(mutex_);
  ExpireLocked();
  MemoryBackend backend(*this);
  PW_ASSIGN(TransactionResult result, Evaluate(transaction, revision_, backend));
  revision_ = result.revision;
  changed_.notify_all();
  return result;
}

Result<RangeResult> MemoryStore::Range(const RangeRequest& request) {
  std::lock_guard lock(mutex_);
  ExpireLocked();
  PW_TRY(CheckReadable(request.revision, revision_, compacted_));
  RangeResult result;
  result.revision = revision_;
  for (auto it = keys_.lower_bound(request.range.from); it != keys_.end() && request.range.Contains(it->first); ++it) {
    const KeyValue* kv = CurrentLocked(it->second, request.revision);
    if (kv == nullptr) continue;
    if (request.limit != 0 && result.kvs.size() == request.limit) {
      result.more = true;
      break;
    }
    result.kvs.push_back(*kv);
    if (request.keys_only) result.kvs.back().value.clear();
  }
  return result;
}

Result<std::unique_ptr<Watcher>> MemoryStore::Watch(const KeyRange& range, Revision start_revision) {
  std::lock_guard lock(mutex_);
  ExpireLocked();
  if (start_revision < 0) return InvalidArgument("a revision cannot be negative");
  if (start_revision != 0 && start_revision < compacted_) return CompactedError(start_revision, compacted_);
  const Revision next = start_revision == 0 ? revision_ + 1 : start_revision;
  return std::unique_ptr<Watcher>(std::make_unique<MemoryWatcher>(*this, range, next));
}

Result<LeaseId> MemoryStore::Grant(std::chrono::milliseconds ttl) {
  PW_TRY(CheckTtl(ttl));
  std::lock_guard lock(mutex_);
  ExpireLocked();
  const LeaseId lease = next_lease_++;
  leases_.Add(lease, ttl, clock_.Steady());
  changed_.notify_all();
  return lease;
}

Result<std::chrono::milliseconds> MemoryStore::KeepAlive(LeaseId lease) {
  std::lock_guard lock(mutex_);
  ExpireLocked();
  return leases_.KeepAlive(lease, clock_.Steady());
}

Status MemoryStore::Revoke(LeaseId lease) {
  std::lock_guard lock(mutex_);
  ExpireLocked();
  if (!leases_.Alive(lease, clock_.Steady())) return LeaseError(lease);
  return RevokeLocked(lease);
}

Status MemoryStore::Compact(Revision revision) {
  std::lock_guard lock(mutex_);
  ExpireLocked();
  PW_TRY(CheckCompactable(revision, revision_, compacted_));
  // Every change up to `revision` goes but the last of its key; a deletion only from before it, so that
  // the events of `revision` itself stay whole.
  for (auto it = keys_.begin(); it != keys_.end();) {
    History& history = it->second;
    auto keep = history.upper_bound(revision);
    if (keep != history.begin()) --keep;
    if (keep != history.end() && keep->second.deleted && keep->first < revision) ++keep;
    history.erase(history.begin(), keep);
    it = history.empty() ? keys_.erase(it) : std::next(it);
  }
  std::erase_if(log_, [this, revision](const auto& entry) {
    if (entry.first >= revision) return false;
    const auto found = keys_.find(entry.second);
    return found == keys_.end() || !found->second.contains(entry.first);
  });
  compacted_ = revision;
  return Ok();
}

}  // namespace podwright::store
