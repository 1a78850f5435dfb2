#include "reconciler/control/housekeeping.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "podwright/v1/records.pb.h"
#include "reconciler/store/helpers.h"

namespace podwright::control {
namespace {

// At one turn; the rest follows at the next.
constexpr std::uint64_t kMostEventsATurn = 5'000;
constexpr std::size_t kMostRunsATurn = 50;
constexpr std::size_t kMostRecordsATurn = 1'000;
constexpr std::size_t kRecordsATransaction = 40;  // two operations each

store::Transaction Fenced(const Core& core) {
  store::Transaction transaction;
  transaction.compares.push_back(store::Compare::Unchanged(std::string(keys::kEpoch), core.fence.epoch_revision));
  return transaction;
}

Status Commit(Core& core, const store::Transaction& transaction) {
  PW_ASSIGN(const auto committed, core.deps.store.Commit(transaction));
  if (!committed.succeeded) return FailedPrecondition("another control plane has taken over this store");
  return Ok();
}

Result<Housekeeping> CutEvents(Core& core) {
  const std::uint64_t next = core.tables.next_event;
  if (next <= core.options.events_kept + 1) return Housekeeping::kDone;
  PW_ASSIGN(const auto oldest, core.deps.store.Range({store::Prefix(keys::kEvents), 0, 1, true}));
  if (oldest.kvs.empty()) return Housekeeping::kDone;
  const std::uint64_t wanted = next - core.options.events_kept;
  const std::uint64_t first_kept =
      std::min(wanted, keys::EventSequence(oldest.kvs.front().key).value_or(wanted) + kMostEventsATurn);
  PW_ASSIGN(const auto last_gone, store::Get(core.deps.store, keys::Event(first_kept - 1)));
  if (!last_gone) return Housekeeping::kDone;
  v1::EventHorizon horizon;
  horizon.set_revision(last_gone->mod_revision);
  // The horizon and the end of the events behind it, in one transaction.
  store::Transaction transaction = Fenced(core);
  transaction.success.push_back(store::Op::Put(std::string(keys::kEventHorizon), horizon.SerializeAsString()));
  transaction.success.push_back(store::Op::DeleteRange({store::Prefix(keys::kEvents).from, keys::Event(first_kept)}));
  PW_TRY(Commit(core, transaction));
  return first_kept < wanted ? Housekeeping::kMore : Housekeeping::kDone;
}

// What is beyond the limits, the oldest first: ids rise with time.
std::vector<RunId> SurplusRuns(const Core& core) {
  std::vector<std::pair<RunId, std::size_t>> ended;
  std::size_t objects = 0;
  for (const auto& [id, row] : core.tables.runs) {
    if (!IsEnded(row.header.state())) continue;
    ended.emplace_back(id, row.parts.size());
    objects += row.parts.size();
  }
  std::size_t runs = core.tables.runs.size();
  const auto too_many = [&] { return runs > core.options.runs_kept || objects > core.options.run_objects_kept; };
  if (!too_many()) return {};
  // What `podwright run retry` is told to name.
  std::set<RunId> wanted;
  for (const auto& [object, state] : core.tables.states) {
    if (!state.stalled_run().empty()) wanted.insert({object.workspace, state.stalled_run()});
  }
  std::sort(ended.begin(), ended.end(), [](const auto& a, const auto& b) { return a.first.id < b.first.id; });
  std::vector<RunId> gone;
  for (const auto& [id, parts] : ended) {
    if (!too_many()) break;
    if (wanted.contains(id)) continue;
    gone.push_back(id);
    objects -= parts;
    --runs;
  }
  return gone;
}

Result<Housekeeping> CutRuns(Core& core) {
  std::vector<RunId> gone = SurplusRuns(core);
  const bool more = gone.size() > kMostRunsATurn;
  if (more) gone.resize(kMostRunsATurn);
  for (const RunId& id : gone) {
    store::Transaction transaction = Fenced(core);
    transaction.success.push_back(store::Op::Delete(keys::Run(id)));
    transaction.success.push_back(store::Op::DeleteRange(store::Prefix(keys::RunPrefix(id))));
    PW_TRY(Commit(core, transaction));
    core.tables.RemoveRun(id);
  }
  return more ? Housekeeping::kMore : Housekeeping::kDone;
}

Result<Housekeeping> CutIdempotency(Core& core) {
  const std::int64_t oldest = std::max<std::int64_t>(0, core.NowMillis() - core.options.idempotency_kept.count());
  const store::KeyRange old{std::string(keys::kIdempotencyTimes), keys::IdempotencyTime(oldest, "")};
  PW_ASSIGN(const auto found, core.deps.store.Range({old, 0, kMostRecordsATurn, false}));
  for (std::size_t begin = 0; begin < found.kvs.size(); begin += kRecordsATransaction) {
    store::Transaction transaction = Fenced(core);
    for (std::size_t i = begin; i < std::min(begin + kRecordsATransaction, found.kvs.size()); ++i) {
      transaction.success.push_back(store::Op::Delete(found.kvs[i].value));
      transaction.success.push_back(store::Op::Delete(found.kvs[i].key));
    }
    PW_TRY(Commit(core, transaction));
  }
  return found.kvs.size() == kMostRecordsATurn ? Housekeeping::kMore : Housekeeping::kDone;
}

Status CutHistory(Core& core) {
  PW_ASSIGN(const auto now, core.deps.store.Range({store::Single(keys::kEpoch), 0, 1, true}));
  const store::Revision horizon = now.revision - core.options.store_history_kept;
  if (horizon <= 1) return Ok();
  Status compacted = core.deps.store.Compact(horizon);
  // Somebody compacted further already.
  if (!compacted.ok() && compacted.error().code() != ErrorCode::kOutOfRange) return compacted;
  return Ok();
}

}  // namespace

Result<Housekeeping> KeepHouse(Core& core) {
  Housekeeping all = Housekeeping::kDone;
  for (const auto cut : {CutEvents, CutRuns, CutIdempotency}) {
    PW_ASSIGN(const Housekeeping one, cut(core));
    if (one == Housekeeping::kMore) all = one;
  }
  PW_TRY(CutHistory(core));
  return all;
}

}  // namespace podwright::control
