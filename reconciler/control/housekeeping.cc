#include "reconciler/control/housekeeping.h"

#include <algorithm>

#include "podwright/v1/records.pb.h"
#include "reconciler/store/helpers.h"

namespace podwright::control {
namespace {

// At one turn; the rest follows at the next.
constexpr std::size_t kMostRunsATurn = 100;
constexpr std::size_t kMostRecordsATurn = 40;

Status Commit(Core& core, std::vector<store::Op> ops) {
  auto committed = CommitStaged(core.deps.store, core.deps.random, core.fence, std::move(ops));
  if (!committed.ok()) return std::move(committed).error();
  return Ok();
}

Status CutEvents(Core& core) {
  const std::uint64_t next = core.tables.next_event;
  if (next <= core.options.events_kept + 1) return Ok();
  const std::uint64_t first_kept = next - core.options.events_kept;
  PW_ASSIGN(const auto last_gone, store::Get(core.deps.store, keys::Event(first_kept - 1)));
  if (!last_gone) return Ok();
  v1::EventHorizon horizon;
  horizon.set_revision(last_gone->mod_revision);
  // The horizon and the end of the events behind it, in one transaction.
  store::Transaction transaction;
  transaction.compares.push_back(store::Compare::Unchanged(std::string(keys::kEpoch), core.fence.epoch_revision));
  transaction.success.push_back(store::Op::Put(std::string(keys::kEventHorizon), horizon.SerializeAsString()));
  transaction.success.push_back(store::Op::DeleteRange({store::Prefix(keys::kEvents).from, keys::Event(first_kept)}));
  PW_TRY(core.deps.store.Commit(transaction));
  return Ok();
}

Status CutRuns(Core& core) {
  if (core.tables.runs.size() <= core.options.runs_kept) return Ok();
  std::size_t surplus = core.tables.runs.size() - core.options.runs_kept;
  std::vector<RunId> gone;
  for (const auto& [id, row] : core.tables.runs) {
    if (surplus == 0 || gone.size() == kMostRunsATurn) break;
    if (!IsEnded(row.header.state())) continue;
    gone.push_back(id);
    --surplus;
  }
  for (const RunId& id : gone) {
    store::Transaction transaction;
    transaction.compares.push_back(store::Compare::Unchanged(std::string(keys::kEpoch), core.fence.epoch_revision));
    transaction.success.push_back(store::Op::Delete(keys::Run(id)));
    transaction.success.push_back(store::Op::DeleteRange(store::Prefix(keys::RunPrefix(id))));
    PW_TRY(core.deps.store.Commit(transaction));
    core.tables.RemoveRun(id);
  }
  return Ok();
}

Status CutIdempotency(Core& core) {
  const std::int64_t oldest = std::max<std::int64_t>(0, core.NowMillis() - core.options.idempotency_kept.count());
  const store::KeyRange old{std::string(keys::kIdempotencyTimes), keys::IdempotencyTime(oldest, "")};
  PW_ASSIGN(const auto found, core.deps.store.Range({old, 0, kMostRecordsATurn, false}));
  std::vector<store::Op> ops;
  for (const store::KeyValue& kv : found.kvs) {
    ops.push_back(store::Op::Delete(kv.value));
    ops.push_back(store::Op::Delete(kv.key));
  }
  return Commit(core, std::move(ops));
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

Status KeepHouse(Core& core) {
  PW_TRY(CutEvents(core));
  PW_TRY(CutRuns(core));
  PW_TRY(CutIdempotency(core));
  return CutHistory(core);
}

}  // namespace podwright::control
