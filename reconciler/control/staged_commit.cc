#include "reconciler/control/staged_commit.h"

#include <map>

#include "core/random.h"
#include "podwright/v1/records.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/limits.h"

namespace podwright::control {
namespace {

// Room for the keys and compares that are added to a batch.
constexpr std::size_t kBatchOps = 90;
constexpr std::size_t kBatchBytes = store::kMaxTransactionBytes - (64U << 10);

Result<store::Revision> CommitFenced(store::Store& store, const Fence& fence, std::vector<store::Op> ops) {
  store::Transaction transaction;
  transaction.compares.push_back(store::Compare::Unchanged(std::string(keys::kEpoch), fence.epoch_revision));
  transaction.success = std::move(ops);
  PW_ASSIGN(const store::TransactionResult result, store.Commit(transaction));
  if (!result.succeeded) {
    return Error(ErrorCode::kFailedPrecondition, "another control plane has taken over this store");
  }
  return result.revision;
}

std::size_t SizeOf(const store::Op& op) {
  return op.key.size() + op.value.size() + op.range.from.size();
}

std::vector<v1::StagedBatch> Split(const std::vector<store::Op>& ops) {
  std::vector<v1::StagedBatch> batches;
  std::size_t bytes = 0;
  for (const store::Op& op : ops) {
    if (batches.empty() || batches.back().ops_size() >= static_cast<int>(kBatchOps) ||
        bytes + SizeOf(op) + 16 > kBatchBytes) {
      batches.emplace_back();
      bytes = 0;
    }
    bytes += SizeOf(op) + 16;
    v1::StagedOp* staged = batches.back().add_ops();
    const bool remove = op.type == store::Op::Type::kDelete;
    staged->set_remove(remove);
    staged->set_key(remove ? op.range.from : op.key);
    if (!remove) staged->set_value(op.value);
  }
  return batches;
}

Result<store::Revision> CopyBatch(store::Store& store, const Fence& fence, const std::string& batch_key,
                                  const v1::StagedBatch& batch) {
  std::vector<store::Op> ops;
  for (const v1::StagedOp& op : batch.ops()) {
    ops.push_back(op.remove() ? store::Op::Delete(op.key()) : store::Op::Put(op.key(), op.value()));
  }
  ops.push_back(store::Op::Delete(batch_key));
  return CommitFenced(store, fence, std::move(ops));
}

}  // namespace

bool NeedsStaging(const std::vector<store::Op>& ops) {
  std::size_t bytes = 0;
  for (const store::Op& op : ops) bytes += SizeOf(op);
  return ops.size() > kBatchOps || bytes > kBatchBytes;
}

Result<store::Revision> CommitStaged(store::Store& store, Random& random, const Fence& fence,
                                     std::vector<store::Op> ops) {
  if (ops.empty()) return store::Revision{0};
  for (const store::Op& op : ops) {
    if (SizeOf(op) + 16 > kBatchBytes) {
      return InvalidArgument("an object or action is larger than the store takes (960 KiB): " + op.key);
    }
  }
  if (!NeedsStaging(ops)) return CommitFenced(store, fence, std::move(ops));

  const std::vector<v1::StagedBatch> batches = Split(ops);
  const std::string id = random.Id(16);
  for (std::size_t place = 0; place < batches.size(); ++place) {
    PW_TRY(
        CommitFenced(store, fence, {store::Op::Put(keys::StagedBatch(id, place), batches[place].SerializeAsString())}));
  }
  v1::StagedCommit decision;
  decision.set_batches(static_cast<std::uint32_t>(batches.size()));
  PW_TRY(CommitFenced(store, fence, {store::Op::Put(keys::Staged(id), decision.SerializeAsString())}));
  for (std::size_t place = 0; place < batches.size(); ++place) {
    PW_TRY(CopyBatch(store, fence, keys::StagedBatch(id, place), batches[place]));
  }
  return CommitFenced(store, fence, {store::Op::Delete(keys::Staged(id))});
}

Status RecoverStaged(store::Store& store, const Fence& fence) {
  struct Found {
    bool decided = false;
    std::map<std::string, std::string> batches;  // by key
  };
  std::map<std::string, Found> found;
  PW_TRY(store::ForEach(store, store::Prefix(keys::kStaged), [&](store::KeyValue kv) -> Status {
    const std::string rest = kv.key.substr(keys::kStaged.size());
    const std::size_t slash = rest.find('/');
    Found& change = found[rest.substr(0, slash)];
    if (slash == std::string::npos) {
      change.decided = true;
    } else {
      change.batches[kv.key] = std::move(kv.value);
    }
    return Ok();
  }));
  for (const auto& [id, change] : found) {
    for (const auto& [key, value] : change.batches) {
      if (!change.decided) {
        PW_TRY(CommitFenced(store, fence, {store::Op::Delete(key)}));
        continue;
      }
      v1::StagedBatch batch;
      if (!batch.ParseFromString(value)) return DataLoss("the staged change " + key + " is damaged");
      PW_TRY(CopyBatch(store, fence, key, batch));
    }
    if (change.decided) PW_TRY(CommitFenced(store, fence, {store::Op::Delete(keys::Staged(id))}));
  }
  return Ok();
}

}  // namespace podwright::control
