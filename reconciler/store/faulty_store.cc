#include "reconciler/store/faulty_store.h"

#include <utility>

namespace podwright::store {

class FaultyStore::FaultyWatcher final : public Watcher {
 public:
  FaultyWatcher(FaultyStore& store, std::unique_ptr<Watcher> base) : store_(store), base_(std::move(base)) {}
  Result<WatchBatch> Next(SteadyTime deadline) override {
    return store_.Run({Operation::kNext}, [&] { return base_->Next(deadline); });
  }
  void Cancel() override { base_->Cancel(); }

 private:
  FaultyStore& store_;
  const std::unique_ptr<Watcher> base_;
};

void FaultyStore::SetRule(Rule rule) {
  std::lock_guard lock(mutex_);
  rule_ = std::move(rule);
}

void FaultyStore::Clear() {
  SetRule(nullptr);
}

void FaultyStore::FailNth(Operation operation, std::uint64_t n, When when) {
  const std::uint64_t number = calls(operation) + n;
  SetRule([operation, number, when](const Call& call) -> std::optional<Fault> {
    if (call.operation != operation || call.number != number) return std::nullopt;
    return Fault{when, Unavailable("the store failed on purpose")};
  });
}

std::uint64_t FaultyStore::calls(Operation operation) const {
  std::lock_guard lock(mutex_);
  const auto found = calls_.find(operation);
  return found == calls_.end() ? 0 : found->second;
}

std::optional<FaultyStore::Fault> FaultyStore::Ask(Call call) {
  Rule rule;
  {
    std::lock_guard lock(mutex_);
    call.number = ++calls_[call.operation];
    rule = rule_;
  }
  return rule ? rule(call) : std::nullopt;
}

template <typename Function>
auto FaultyStore::Run(Call call, Function function) -> decltype(function()) {
  const std::optional<Fault> fault = Ask(call);
  if (!fault) return function();
  if (fault->when == When::kAfter) {
    auto result = function();
    // What failed by itself keeps its own error.
    if (!result.ok()) return result;
  }
  return fault->error;
}

Result<TransactionResult> FaultyStore::Commit(const Transaction& transaction) {
  return Run({Operation::kCommit, 0, &transaction}, [&] { return base_.Commit(transaction); });
}

Result<RangeResult> FaultyStore::Range(const RangeRequest& request) {
  return Run({Operation::kRange, 0, nullptr, &request}, [&] { return base_.Range(request); });
}

Result<std::unique_ptr<Watcher>> FaultyStore::Watch(const KeyRange& range, Revision start_revision) {
  return Run({Operation::kWatch}, [&]() -> Result<std::unique_ptr<Watcher>> {
    PW_ASSIGN(std::unique_ptr<Watcher> base, base_.Watch(range, start_revision));
    return std::unique_ptr<Watcher>(std::make_unique<FaultyWatcher>(*this, std::move(base)));
  });
}

Result<LeaseId> FaultyStore::Grant(std::chrono::milliseconds ttl) {
  return Run({Operation::kGrant}, [&] { return base_.Grant(ttl); });
}

Result<std::chrono::milliseconds> FaultyStore::KeepAlive(LeaseId lease) {
  return Run({Operation::kKeepAlive}, [&] { return base_.KeepAlive(lease); });
}

Status FaultyStore::Revoke(LeaseId lease) {
  return Run({Operation::kRevoke}, [&] { return base_.Revoke(lease); });
}

Status FaultyStore::Compact(Revision revision) {
  return Run({Operation::kCompact}, [&] { return base_.Compact(revision); });
}

Status FaultyStore::Healthy() {
  return Run({Operation::kHealthy}, [&] { return base_.Healthy(); });
}

}  // namespace podwright::store
