// A store that fails on purpose, around another one. With no rule it adds nothing.
//
// Threading: any thread. The base store must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "reconciler/store/store.h"

namespace podwright::store {

class FaultyStore final : public Store {
 public:
  enum class Operation { kCommit, kRange, kWatch, kNext, kGrant, kKeepAlive, kRevoke, kCompact, kHealthy };
  // kBefore: nothing happened. kAfter: it took effect, but the caller does not learn it.
  enum class When { kBefore, kAfter };
  struct Fault {
    When when = When::kBefore;
    Error error;
  };
  struct Call {
    Operation operation;
    std::uint64_t number = 0;                  // of this operation, from 1
    const Transaction* transaction = nullptr;  // kCommit
    const RangeRequest* range = nullptr;       // kRange
  };
  using Rule = std::function<std::optional<Fault>(const Call&)>;

  explicit FaultyStore(Store& base) : base_(base) {}

  // Asked at every call, under no lock; replaces the rule before it.
  void SetRule(Rule rule);
  void Clear();
  // The n-th call of an operation, counted from now on, fails once with kUnavailable.
  void FailNth(Operation operation, std::uint64_t n, When when);
  std::uint64_t calls(Operation operation) const;

  Result<TransactionResult> Commit(const Transaction& transaction) override;
  Result<RangeResult> Range(const RangeRequest& request) override;
  Result<std::unique_ptr<Watcher>> Watch(const KeyRange& range, Revision start_revision) override;
  Result<LeaseId> Grant(std::chrono::milliseconds ttl) override;
  Result<std::chrono::milliseconds> KeepAlive(LeaseId lease) override;
  Status Revoke(LeaseId lease) override;
  Status Compact(Revision revision) override;
  Status Healthy() override;

 private:
  class FaultyWatcher;
  std::optional<Fault> Ask(Call call);
  template <typename Function>
  auto Run(Call call, Function function) -> decltype(function());

  Store& base_;
  mutable std::mutex mutex_;
  Rule rule_;                                 // protected by mutex_
  std::map<Operation, std::uint64_t> calls_;  // protected by mutex_
};

}  // namespace podwright::store
