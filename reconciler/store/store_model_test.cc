// Any sequence of calls gives the same answers on the memory store, the simple model, as on SQLite.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "reconciler/store/store_testing.h"

namespace podwright::store {
namespace {

std::string Key() {
  static const std::vector<std::string> keys = {"a",    "a/1",     "a/2", "b", "c", std::string("a\0x", 3),
                                                "\xff", "\xff\xff"};
  return *rc::gen::elementOf(keys);
}

KeyRange AnyRange() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0: return Single(Key());
    case 1: return Prefix(Key());
    case 2: return {Key(), Key()};
    default: return Prefix("");
  }
}

std::vector<Op> Branch(LeaseId leases) {
  std::vector<Op> ops;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    switch (*rc::gen::inRange(0, 4)) {
      case 0: ops.push_back(Op::DeleteRange(AnyRange())); break;
      case 1: ops.push_back(Op::GetRange(AnyRange())); break;
      default:
        // Now and then a lease that is not there.
        ops.push_back(Op::Put(Key(), *rc::gen::element<std::string>("", "1", "2"),
                              *rc::gen::inRange<LeaseId>(0, 3) == 0 ? *rc::gen::inRange<LeaseId>(0, leases + 2) : 0));
    }
  }
  return ops;
}

Transaction AnyTransaction(Revision revision, LeaseId leases) {
  Transaction transaction;
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    Compare compare;
    compare.key = Key();
    compare.target = static_cast<Compare::Target>(*rc::gen::inRange(0, 5));
    compare.relation = static_cast<Compare::Relation>(*rc::gen::inRange(0, 4));
    compare.number = *rc::gen::inRange<Revision>(0, revision + 2);
    compare.value = *rc::gen::element<std::string>("", "1", "2");
    transaction.compares.push_back(compare);
  }
  transaction.success = Branch(leases);
  transaction.failure = Branch(leases);
  return transaction;
}

class Pair {
 public:
  void Step() {
    switch (*rc::gen::inRange(0, 9)) {
      case 0: return Range();
      case 1: return Watch();
      case 2: return Compact();
      case 3: return Lease();
      default: return Commit();
    }
  }

 private:
  template <typename T>
  bool SameError(const Result<T>& a, const Result<T>& b) {
    RC_ASSERT(a.ok() == b.ok());
    if (a.ok()) return false;
    RC_ASSERT(a.error().code() == b.error().code());
    RC_ASSERT(a.error().message() == b.error().message());
    return true;
  }

  void Commit() {
    const Transaction transaction = AnyTransaction(revision_, leases_);
    const auto a = memory_->Commit(transaction);
    const auto b = sqlite_->Commit(transaction);
    if (SameError(a, b)) return;
    RC_ASSERT(a->succeeded == b->succeeded);
    RC_ASSERT(a->revision == b->revision);
    RC_ASSERT(a->responses.size() == b->responses.size());
    for (std::size_t i = 0; i < a->responses.size(); ++i) {
      RC_ASSERT(a->responses[i].deleted == b->responses[i].deleted);
      RC_ASSERT(a->responses[i].kvs == b->responses[i].kvs);
    }
    revision_ = a->revision;
  }

  void Range() {
    const RangeRequest request{AnyRange(), *rc::gen::inRange<Revision>(0, revision_ + 2),
                               *rc::gen::inRange<std::size_t>(0, 4), *rc::gen::arbitrary<bool>()};
    const auto a = memory_->Range(request);
    const auto b = sqlite_->Range(request);
    if (SameError(a, b)) return;
    RC_ASSERT(a->kvs == b->kvs);
    RC_ASSERT(a->revision == b->revision);
    RC_ASSERT(a->more == b->more);
  }

  void Watch() {
    const KeyRange range = AnyRange();
    const Revision from = *rc::gen::inRange<Revision>(0, revision_ + 2);
    const auto a = memory_->Watch(range, from);
    const auto b = sqlite_->Watch(range, from);
    if (SameError(a, b)) return;
    const auto batch_a = (*a)->Next(clock_.Steady());
    const auto batch_b = (*b)->Next(clock_.Steady());
    if (SameError(batch_a, batch_b)) return;
    RC_ASSERT(batch_a->events == batch_b->events);
    RC_ASSERT(batch_a->revision == batch_b->revision);
  }

  void Compact() {
    const Revision to = *rc::gen::inRange<Revision>(0, revision_ + 2);
    (void)SameError(memory_->Compact(to), sqlite_->Compact(to));
  }

  void Lease() {
    if (*rc::gen::arbitrary<bool>()) {
      const auto a = memory_->Grant(std::chrono::hours(1));
      const auto b = sqlite_->Grant(std::chrono::hours(1));
      RC_ASSERT(a.ok() && b.ok() && *a == *b);
      leases_ = *a;
      return;
    }
    const LeaseId lease = *rc::gen::inRange<LeaseId>(0, leases_ + 2);
    (void)SameError(memory_->Revoke(lease), sqlite_->Revoke(lease));
    revision_ = sqlite_->Range({Prefix("")})->revision;
  }

  FakeClock clock_;
  StoreUnderTest memory_{Kind::kMemory, clock_};
  StoreUnderTest sqlite_{Kind::kSqlite, clock_};
  Revision revision_ = 0;
  LeaseId leases_ = 0;
};

TEST(StoreModel, SqliteAnswersLikeMemory) {
  setenv("RC_PARAMS", "seed=7440 max_success=60", 0);
  EXPECT_TRUE(rc::check("sqlite is memory", [] {
    Pair pair;
    for (int steps = *rc::gen::inRange(0, 60); steps > 0; --steps) pair.Step();
  }));
}

}  // namespace
}  // namespace podwright::store
