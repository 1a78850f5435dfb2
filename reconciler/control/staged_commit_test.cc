#include "reconciler/control/staged_commit.h"

#include <gtest/gtest.h>

#include "core/random.h"
#include "reconciler/store/faulty_store.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/memory_store.h"

namespace podwright::control {
namespace {

class StagedCommitTest : public ::testing::Test {
 protected:
  StagedCommitTest() {
    const auto put = store::Put(memory_, "epoch", "1");
    fence_.epoch_revision = put.value();
  }
  static std::vector<store::Op> Large(const std::string& value) {
    std::vector<store::Op> ops;
    ops.reserve(350);
    for (int i = 0; i < 350; ++i) ops.push_back(store::Op::Put("obj/" + std::to_string(1000 + i), value));
    return ops;
  }
  std::size_t Count(const std::string& prefix, const std::string& value) {
    std::size_t count = 0;
    EXPECT_TRUE(store::ForEach(memory_, store::Prefix(prefix), [&](const store::KeyValue& kv) {
                  count += value.empty() || kv.value == value ? 1 : 0;
                  return Ok();
                }).ok());
    return count;
  }

  FakeClock clock_;
  SeededRandom random_{7};
  store::MemoryStore memory_{clock_};
  store::FaultyStore faulty_{memory_};
  Fence fence_;
};

TEST_F(StagedCommitTest, ASmallChangeIsOneTransaction) {
  const auto before = faulty_.calls(store::FaultyStore::Operation::kCommit);
  ASSERT_TRUE(CommitStaged(faulty_, random_, fence_, {store::Op::Put("obj/a", "1")}).ok());
  EXPECT_EQ(faulty_.calls(store::FaultyStore::Operation::kCommit), before + 1);
}

TEST_F(StagedCommitTest, ALargeChangeArrivesWholeAndLeavesNothingBehind) {
  ASSERT_TRUE(CommitStaged(faulty_, random_, fence_, Large("x")).ok());
  EXPECT_EQ(Count("obj/", "x"), 350U);
  EXPECT_EQ(Count("chg/", ""), 0U);
}

TEST_F(StagedCommitTest, ACrashAtAnyCommitLeavesAllOrNothing) {
  int decided = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    for (const auto when : {store::FaultyStore::When::kBefore, store::FaultyStore::When::kAfter}) {
      store::MemoryStore memory(clock_);
      store::FaultyStore faulty(memory);
      const Fence fence{store::Put(memory, "epoch", "1").value()};
      ASSERT_TRUE(CommitStaged(memory, random_, fence, Large("old")).ok());
      faulty.FailNth(store::FaultyStore::Operation::kCommit, nth, when);
      const bool done = CommitStaged(faulty, random_, fence, Large("new")).ok();
      faulty.Clear();
      ASSERT_TRUE(RecoverStaged(faulty, fence).ok());
      std::size_t fresh = 0;
      std::size_t staged = 0;
      ASSERT_TRUE(store::ForEach(memory, store::Prefix(""), [&](const store::KeyValue& kv) {
                    fresh += kv.value == "new" ? 1 : 0;
                    staged += kv.key.starts_with("chg/") ? 1 : 0;
                    return Ok();
                  }).ok());
      EXPECT_TRUE(fresh == 0 || fresh == 350) << "commit " << nth << " left " << fresh;
      EXPECT_EQ(staged, 0U);
      decided += fresh == 350 ? 1 : 0;
      if (done) {
        EXPECT_GT(nth, 5U);
        EXPECT_GT(decided, 2);
        return;
      }
    }
  }
}

TEST_F(StagedCommitTest, AnOldEpochIsRefused) {
  ASSERT_TRUE(store::Put(memory_, "epoch", "2").ok());
  const auto refused = CommitStaged(faulty_, random_, fence_, {store::Op::Put("obj/a", "1")});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(Count("obj/", ""), 0U);
}

TEST_F(StagedCommitTest, WhatNoTransactionCanHoldIsRefusedBeforeAnythingIsWritten) {
  auto ops = Large("x");
  ops.push_back(store::Op::Put("obj/huge", std::string(1U << 20, 'x')));
  const auto refused = CommitStaged(faulty_, random_, fence_, std::move(ops));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Count("", ""), 1U);
}

}  // namespace
}  // namespace podwright::control
