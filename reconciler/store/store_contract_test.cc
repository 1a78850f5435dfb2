// What every store does alike: transactions, ranges and limits. Watches and leases: store_watch_test.cc.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/store/helpers.h"
#include "reconciler/store/limits.h"
#include "reconciler/store/store_testing.h"

namespace podwright::store {
namespace {

class StoreContract : public testing::TestWithParam<Kind> {
 protected:
  Revision Put(const std::string& key, const std::string& value) {
    auto revision = store::Put(*store_, key, value);
    EXPECT_TRUE(revision.ok()) << revision.error().ToString();
    return revision.ok() ? *revision : -1;
  }
  Revision Delete(const KeyRange& range) {
    auto done = store_->Commit({{}, {Op::DeleteRange(range)}, {}});
    EXPECT_TRUE(done.ok());
    return done->revision;
  }
  std::vector<std::string> Keys(const RangeRequest& request) {
    std::vector<std::string> keys;
    auto found = store_->Range(request);
    EXPECT_TRUE(found.ok()) << found.error().ToString();
    for (const KeyValue& kv : found->kvs) keys.push_back(kv.key);
    return keys;
  }

  FakeClock clock_;
  StoreUnderTest store_{GetParam(), clock_};
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(Kind::kMemory, Kind::kSqlite, Kind::kFaultyWithoutFaults),
                         [](const auto& parameter) { return KindName(parameter.param); });

using KeyList = std::vector<std::string>;

TEST_P(StoreContract, AnEmptyStoreIsAtRevisionZeroAndHealthy) {
  const auto found = store_->Range({Prefix("")});
  PW_ASSERT_OK(found);
  EXPECT_TRUE(found->kvs.empty());
  EXPECT_EQ(found->revision, 0);
  PW_EXPECT_OK(store_->Healthy());
}

TEST_P(StoreContract, PutsCountRevisionsAndVersions) {
  EXPECT_EQ(Put("a", "1"), 1);
  EXPECT_EQ(Put("b", "x"), 2);
  EXPECT_EQ(Put("a", "2"), 3);
  EXPECT_EQ(**Get(*store_, "a"), (KeyValue{"a", "2", 1, 3, 2, 0}));
  EXPECT_EQ(**Get(*store_, "b"), (KeyValue{"b", "x", 2, 2, 1, 0}));
  EXPECT_FALSE(Get(*store_, "c")->has_value());
}

TEST_P(StoreContract, ADeletedKeyStartsAgain) {
  Put("a", "1");
  Put("a", "2");
  EXPECT_EQ(Delete(Single("a")), 3);
  EXPECT_FALSE(Get(*store_, "a")->has_value());
  Put("a", "3");
  EXPECT_EQ(**Get(*store_, "a"), (KeyValue{"a", "3", 4, 4, 1, 0}));
}

TEST_P(StoreContract, DeletingNothingMakesNoRevision) {
  Put("a", "1");
  EXPECT_EQ(Delete(Single("b")), 1);
}

TEST_P(StoreContract, OneTransactionIsOneRevision) {
  const auto done = store_->Commit({{}, {Op::Put("a", "1"), Op::Put("b", "2"), Op::GetRange(Prefix(""))}, {}});
  PW_ASSERT_OK(done);
  EXPECT_TRUE(done->succeeded);
  EXPECT_EQ(done->revision, 1);
  ASSERT_EQ(done->responses.size(), 3U);
  ASSERT_EQ(done->responses[2].kvs.size(), 2U);
  EXPECT_EQ(done->responses[2].kvs[1].mod_revision, 1);
}

TEST_P(StoreContract, ComparisonsChooseTheBranch) {
  Put("a", "1");
  using Target = Compare::Target;
  using Relation = Compare::Relation;
  struct Case {
    Compare compare;
    bool holds;
  };
  const std::vector<Case> cases = {
      {Compare::Exists("a"), true},
      {Compare::Absent("a"), false},
      {Compare::Absent("b"), true},
      {Compare::Exists("b"), false},
      {Compare::Unchanged("a", 1), true},
      {Compare::Unchanged("a", 2), false},
      {Compare::Unchanged("b", 0), true},
      {Compare::ValueIs("a", "1"), true},
      {Compare::ValueIs("a", "2"), false},
      {Compare::ValueIs("b", ""), false},
      {{"a", Target::kValue, Relation::kGreater, 0, "0"}, true},
      {{"a", Target::kValue, Relation::kNotEqual, 0, "1"}, false},
      {{"a", Target::kVersion, Relation::kEqual, 1, ""}, true},
      {{"a", Target::kVersion, Relation::kLess, 1, ""}, false},
      {{"a", Target::kCreateRevision, Relation::kEqual, 1, ""}, true},
      {{"a", Target::kModRevision, Relation::kGreater, 0, ""}, true},
      {{"a", Target::kModRevision, Relation::kNotEqual, 1, ""}, false},
      {{"a", Target::kLease, Relation::kEqual, 0, ""}, true},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto done = store_->Commit({{cases[i].compare}, {Op::Get("a")}, {}});
    PW_ASSERT_OK(done);
    EXPECT_EQ(done->succeeded, cases[i].holds) << "case " << i;
    EXPECT_EQ(done->responses.size(), cases[i].holds ? 1U : 0U);
  }
}

TEST_P(StoreContract, AFailedComparisonRunsTheOtherBranch) {
  Put("a", "1");
  const auto done = store_->Commit({{Compare::Absent("a")}, {Op::Put("a", "mine")}, {Op::Get("a")}});
  PW_ASSERT_OK(done);
  EXPECT_FALSE(done->succeeded);
  EXPECT_EQ(done->revision, 1);
  EXPECT_EQ(done->responses.at(0).kvs.at(0).value, "1");
}

TEST_P(StoreContract, OperationsSeeTheOnesBeforeThem) {
  Put("a", "1");
  const auto done =
      store_->Commit({{}, {Op::Get("b"), Op::Put("b", "2"), Op::Get("b"), Op::Delete("a"), Op::Get("a")}, {}});
  PW_ASSERT_OK(done);
  EXPECT_TRUE(done->responses[0].kvs.empty());
  EXPECT_EQ(done->responses[2].kvs.at(0).value, "2");
  EXPECT_EQ(done->responses[3].deleted, 1);
  EXPECT_TRUE(done->responses[4].kvs.empty());
}

TEST_P(StoreContract, RangesAreOrderedBytewise) {
  for (const char* key : {"b", "a/2", "a/10", "a", "a0", "\xff"}) Put(key, "");
  EXPECT_EQ(Keys({Prefix("a/")}), (KeyList{"a/10", "a/2"}));
}

TEST_P(StoreContract, PrefixesOfHighBytesEndRightly) {
  const std::string high = "x\xff";
  Put("x", "");
  Put(high, "");
  Put(high + "\xff" + "1", "");
  Put("y", "");
  EXPECT_EQ(Keys({Prefix(high)}), (KeyList{high, high + "\xff" + "1"}));
  EXPECT_EQ(Keys({Prefix("")}).size(), 4U);
}

TEST_P(StoreContract, KeysAndValuesAreBytes) {
  const std::string key("k\0\xff\n", 4);
  const std::string value("\0v\0", 3);
  Put(key, value);
  Put("empty", "");
  EXPECT_EQ((*Get(*store_, key))->value, value);
  EXPECT_EQ((*Get(*store_, "empty"))->value, "");
  EXPECT_FALSE(Get(*store_, "k")->has_value());
}

TEST_P(StoreContract, ALimitCutsAndSaysSo) {
  for (const char* key : {"a", "b", "c"}) Put(key, key);
  auto found = store_->Range({Prefix(""), 0, 2, false});
  PW_ASSERT_OK(found);
  EXPECT_EQ(found->kvs.size(), 2U);
  EXPECT_TRUE(found->more);
  found = store_->Range({Prefix(""), 0, 3, true});
  EXPECT_FALSE(found->more);
  EXPECT_EQ(found->kvs.at(2).key, "c");
  EXPECT_EQ(found->kvs.at(2).value, "");
}

TEST_P(StoreContract, OldRevisionsStayReadable) {
  Put("a", "1");        // 1
  Put("b", "2");        // 2
  Put("a", "3");        // 3
  Delete(Single("b"));  // 4
  Put("c", "5");        // 5
  EXPECT_EQ(Keys({Prefix(""), 2}), (KeyList{"a", "b"}));
  EXPECT_EQ((*Get(*store_, "a", 2))->value, "1");
  EXPECT_EQ(Keys({Prefix(""), 4}), (KeyList{"a"}));
  EXPECT_EQ(Keys({Prefix(""), 2, 1}), (KeyList{"a"}));
  EXPECT_EQ(Keys({Prefix("")}), (KeyList{"a", "c"}));
  EXPECT_EQ(store_->Range({Prefix(""), 2})->revision, 5);
}

TEST_P(StoreContract, ARevisionToComeIsRefused) {
  Put("a", "1");
  EXPECT_EQ(CodeOf(store_->Range({Prefix(""), 2})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->Range({Prefix(""), -1})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->Compact(2)), ErrorCode::kInvalidArgument);
}

TEST_P(StoreContract, CompactionForgetsOnlyWhatIsOlder) {
  Put("a", "1");        // 1
  Put("b", "2");        // 2
  Put("a", "3");        // 3
  Delete(Single("b"));  // 4
  Put("a", "5");        // 5
  PW_ASSERT_OK(store_->Compact(3));
  EXPECT_EQ(CodeOf(store_->Range({Prefix(""), 2})), ErrorCode::kOutOfRange);
  EXPECT_EQ((*Get(*store_, "a", 3))->value, "3");
  EXPECT_EQ((*Get(*store_, "b", 3))->value, "2");
  EXPECT_EQ(Keys({Prefix(""), 4}), (KeyList{"a"}));
  EXPECT_EQ(CodeOf(store_->Compact(3)), ErrorCode::kOutOfRange);
  PW_ASSERT_OK(store_->Compact(5));
  EXPECT_EQ(**Get(*store_, "a"), (KeyValue{"a", "5", 1, 5, 3, 0}));
  EXPECT_FALSE(Get(*store_, "b")->has_value());
}

TEST_P(StoreContract, ARefusedTransactionChangesNothing) {
  Put("a", "1");
  EXPECT_EQ(CodeOf(store_->Commit({{}, {Op::Put("b", "2"), Op::Put("c", "3", 77)}, {}})), ErrorCode::kNotFound);
  EXPECT_EQ(Keys({Prefix("")}), (KeyList{"a"}));
  EXPECT_EQ(Put("a", "2"), 2);
}

TEST_P(StoreContract, AKeyChangesOnceInATransaction) {
  EXPECT_EQ(CodeOf(store_->Commit({{}, {Op::Put("a", "1"), Op::Put("a", "2")}, {}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->Commit({{}, {Op::DeleteRange(Prefix("a")), Op::Put("ab", "2")}, {}})),
            ErrorCode::kInvalidArgument);
  PW_EXPECT_OK(store_->Commit({{}, {Op::Put("a", "1")}, {Op::Put("a", "2")}}));
  PW_EXPECT_OK(store_->Commit({{}, {Op::DeleteRange(Prefix("a")), Op::DeleteRange(Prefix(""))}, {}}));
}

TEST_P(StoreContract, LimitsAreEnforced) {
  Transaction many;
  for (std::size_t i = 0; i < kMaxOperations; ++i) many.success.push_back(Op::Put("k" + std::to_string(i), ""));
  PW_EXPECT_OK(store_->Commit(many));
  many.success.push_back(Op::Put("one more", ""));
  EXPECT_EQ(CodeOf(store_->Commit(many)), ErrorCode::kInvalidArgument);

  Transaction compares;
  compares.compares.assign(kMaxOperations + 1, Compare::Absent("x"));
  EXPECT_EQ(CodeOf(store_->Commit(compares)), ErrorCode::kInvalidArgument);

  const std::string key = "big";
  PW_EXPECT_OK(store_->Commit({{}, {Op::Put(key, std::string(kMaxTransactionBytes - key.size(), 'x'))}, {}}));
  EXPECT_EQ(CodeOf(store_->Commit({{}, {Op::Put(key, std::string(kMaxTransactionBytes, 'x'))}, {}})),
            ErrorCode::kInvalidArgument);

  const std::string long_key(kMaxKeyBytes, '\xff');
  PW_EXPECT_OK(store_->Commit({{}, {Op::Put(long_key, "")}, {}}));
  EXPECT_EQ(Keys({Prefix("\xff")}), (KeyList{long_key}));
  EXPECT_EQ(CodeOf(store_->Commit({{}, {Op::Put(long_key + "x", "")}, {}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->Commit({{}, {Op::Put("", "")}, {}})), ErrorCode::kInvalidArgument);
}

TEST_P(StoreContract, ForEachReadsOneRevisionInPages) {
  for (int i = 0; i < 12; ++i) {
    Transaction transaction;
    for (int k = 0; k < 100; ++k) transaction.success.push_back(Op::Put("p/" + std::to_string(i * 100 + k), "x"));
    PW_ASSERT_OK(store_->Commit(transaction));
  }
  int seen = 0;
  const auto revision = ForEach(*store_, Prefix("p/"), [&](const KeyValue&) -> Status {
    // What is written meanwhile is not seen.
    if (++seen == 1) Put("p/zz", "late");
    return Ok();
  });
  PW_ASSERT_OK(revision);
  EXPECT_EQ(*revision, 12);
  EXPECT_EQ(seen, 1200);
}

TEST_P(StoreContract, ConcurrentCompareAndPutLosesNoIncrement) {
  Put("counter", "0");
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::atomic<int> conflicts{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        const KeyValue now = **Get(*store_, "counter");
        const auto result = store_->Commit({{Compare::Unchanged("counter", now.mod_revision)},
                                            {Op::Put("counter", std::to_string(std::stoi(now.value) + 1))},
                                            {}});
        ASSERT_TRUE(result.ok());
        if (result->succeeded) {
          ++done;
        } else {
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*Get(*store_, "counter"))->value, std::to_string(kThreads * kEach));
}

}  // namespace
}  // namespace podwright::store
