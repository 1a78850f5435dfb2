#include "reconciler/store/faulty_store.h"

#include <gtest/gtest.h>

#include "reconciler/store/helpers.h"
#include "reconciler/store/store_testing.h"

namespace podwright::store {
namespace {

using Operation = FaultyStore::Operation;
using When = FaultyStore::When;

class FaultyStoreTest : public testing::Test {
 protected:
  FakeClock clock_;
  MemoryStore base_{clock_};
  FaultyStore store_{base_};
};

TEST_F(FaultyStoreTest, FailsTheNthCallOnceBeforeItsEffect) {
  PW_ASSERT_OK(Put(store_, "a", "0"));
  store_.FailNth(Operation::kCommit, 2, When::kBefore);
  PW_EXPECT_OK(Put(store_, "a", "1"));
  EXPECT_EQ(CodeOf(Put(store_, "a", "2")), ErrorCode::kUnavailable);
  EXPECT_EQ((*Get(base_, "a"))->value, "1");
  PW_EXPECT_OK(Put(store_, "a", "3"));
  EXPECT_EQ(store_.calls(Operation::kCommit), 4U);
}

TEST_F(FaultyStoreTest, FailsAfterTheEffect) {
  store_.FailNth(Operation::kCommit, 1, When::kAfter);
  EXPECT_EQ(CodeOf(Put(store_, "a", "1")), ErrorCode::kUnavailable);
  EXPECT_EQ((*Get(base_, "a"))->value, "1");
}

TEST_F(FaultyStoreTest, FailsByWhatIsAsked) {
  store_.SetRule([](const FaultyStore::Call& call) -> std::optional<FaultyStore::Fault> {
    if (call.transaction == nullptr || call.transaction->success.empty()) return std::nullopt;
    if (call.transaction->success[0].key != "poison") return std::nullopt;
    return FaultyStore::Fault{When::kBefore, ResourceExhausted("full")};
  });
  PW_EXPECT_OK(Put(store_, "a", "1"));
  EXPECT_EQ(CodeOf(Put(store_, "poison", "1")), ErrorCode::kResourceExhausted);
  store_.Clear();
  PW_EXPECT_OK(Put(store_, "poison", "1"));
}

TEST_F(FaultyStoreTest, AWatchFailsInTheMiddle) {
  const auto watcher = store_.Watch(Prefix(""), 1);
  PW_ASSERT_OK(watcher);
  PW_ASSERT_OK(Put(store_, "a", "1"));
  store_.FailNth(Operation::kNext, 1, When::kBefore);
  EXPECT_EQ(CodeOf((*watcher)->Next(clock_.Steady())), ErrorCode::kUnavailable);
  EXPECT_EQ((*watcher)->Next(clock_.Steady())->events.size(), 1U);
}

}  // namespace
}  // namespace podwright::store
