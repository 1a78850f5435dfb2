// What every store does alike: watches, leases, and watches across compaction.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/store/helpers.h"
#include "reconciler/store/store_testing.h"

namespace podwright::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class StoreWatch : public testing::TestWithParam<Kind> {
 protected:
  Revision Put(const std::string& key, const std::string& value, LeaseId lease = 0) {
    auto done = store_->Commit({{}, {Op::Put(key, value, lease)}, {}});
    EXPECT_TRUE(done.ok()) << done.error().ToString();
    return done.ok() ? done->revision : -1;
  }
  Revision Delete(const std::string& key) { return store_->Commit({{}, {Op::Delete(key)}, {}})->revision; }
  std::unique_ptr<Watcher> Watch(const KeyRange& range, Revision from) {
    auto watcher = store_->Watch(range, from);
    EXPECT_TRUE(watcher.ok()) << watcher.error().ToString();
    return std::move(watcher).value();
  }
  SteadyTime Soon() { return clock_.Steady() + hours(1); }
  SteadyTime Now() { return clock_.Steady(); }
  // Waits until the key is gone, as a lease's end shows.
  void AwaitDelete(Watcher& watcher, const std::string& key) {
    const auto batch = watcher.Next(Soon());
    PW_ASSERT_OK(batch);
    ASSERT_EQ(batch->events.size(), 1U);
    EXPECT_EQ(batch->events[0].type, Event::Type::kDelete);
    EXPECT_EQ(batch->events[0].kv.key, key);
  }

  FakeClock clock_;
  StoreUnderTest store_{GetParam(), clock_};
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreWatch, testing::Values(Kind::kMemory, Kind::kSqlite, Kind::kFaultyWithoutFaults),
                         [](const auto& parameter) { return KindName(parameter.param); });

TEST_P(StoreWatch, DeliversWhatHappenedSinceARevision) {
  Put("a", "1");
  Put("b", "2");
  Put("a", "3");
  Delete("a");
  Put("a", "5");
  const auto watcher = Watch(Single("a"), 2);
  const auto batch = watcher->Next(Now());
  PW_ASSERT_OK(batch);
  EXPECT_EQ(batch->revision, 5);
  const std::vector<Event> expected = {
      {Event::Type::kPut, {"a", "3", 1, 3, 2, 0}, 1},
      {Event::Type::kDelete, {"a", "", 0, 4, 0, 0}, 3},
      {Event::Type::kPut, {"a", "5", 5, 5, 1, 0}, 0},
  };
  EXPECT_EQ(batch->events, expected);
}

TEST_P(StoreWatch, FromZeroDeliversOnlyWhatComes) {
  Put("a", "1");
  const auto watcher = Watch(Prefix(""), 0);
  auto batch = watcher->Next(Now());
  PW_ASSERT_OK(batch);
  EXPECT_TRUE(batch->events.empty());
  EXPECT_EQ(batch->revision, 1);
  Put("b", "2");
  batch = watcher->Next(Now());
  ASSERT_EQ(batch->events.size(), 1U);
  EXPECT_EQ(batch->events[0].kv.key, "b");
}

TEST_P(StoreWatch, WaitsForAnEventOfAnotherThread) {
  const auto watcher = Watch(Prefix("a"), 0);
  std::thread other([&] {
    Put("b", "not watched");
    Put("a", "1");
  });
  const auto batch = watcher->Next(Soon());
  other.join();
  PW_ASSERT_OK(batch);
  ASSERT_EQ(batch->events.size(), 1U);
  EXPECT_EQ(batch->events[0].kv.value, "1");
  EXPECT_EQ(batch->revision, 2);
}

TEST_P(StoreWatch, OneRevisionIsOneBatch) {
  Transaction transaction;
  for (int i = 0; i < 100; ++i) transaction.success.push_back(Op::Put("k" + std::to_string(i), "x"));
  for (int i = 0; i < 25; ++i) PW_ASSERT_OK(store_->Commit(transaction));
  const auto watcher = Watch(Prefix(""), 1);
  std::size_t events = 0;
  Revision last = 0;
  while (last < 25) {
    const auto batch = watcher->Next(Now());
    PW_ASSERT_OK(batch);
    ASSERT_FALSE(batch->events.empty());
    EXPECT_EQ(batch->events.size() % 100, 0U);
    EXPECT_EQ(batch->events.front().kv.mod_revision, last + 1);
    last = batch->revision;
    events += batch->events.size();
  }
  EXPECT_EQ(events, 2500U);
}

TEST_P(StoreWatch, BehindTheHorizonIsAnError) {
  for (int i = 0; i < 5; ++i) Put("a", std::to_string(i));
  const auto slow = Watch(Prefix(""), 2);
  PW_ASSERT_OK(store_->Compact(4));
  EXPECT_EQ(CodeOf(store_->Watch(Prefix(""), 3)), ErrorCode::kOutOfRange);
  EXPECT_EQ(CodeOf(slow->Next(Soon())), ErrorCode::kOutOfRange);
}

TEST_P(StoreWatch, TheHorizonItselfIsWhole) {
  Put("a", "1");
  Put("b", "2");
  PW_ASSERT_OK(store_->Commit({{}, {Op::Delete("a"), Op::Put("b", "3")}, {}}));
  PW_ASSERT_OK(store_->Compact(3));
  const auto batch = Watch(Prefix(""), 3)->Next(Now());
  PW_ASSERT_OK(batch);
  ASSERT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->events[0].type, Event::Type::kDelete);
  EXPECT_EQ(batch->events[0].prev_revision, 1);
  // The deletion goes with the next compaction.
  Put("c", "4");
  PW_ASSERT_OK(store_->Compact(4));
  EXPECT_EQ(Watch(Prefix(""), 4)->Next(Now())->events.size(), 1U);
}

TEST_P(StoreWatch, CancelEndsAWait) {
  const auto watcher = Watch(Prefix(""), 0);
  std::thread other([&] { watcher->Cancel(); });
  EXPECT_EQ(CodeOf(watcher->Next(Soon())), ErrorCode::kCancelled);
  other.join();
  EXPECT_EQ(CodeOf(watcher->Next(Soon())), ErrorCode::kCancelled);
}

TEST_P(StoreWatch, ManyWatchersSeeTheSameInOrder) {
  constexpr int kPuts = 60;
  std::vector<std::unique_ptr<Watcher>> watchers;
  constexpr int kWatchers = 4;
  watchers.reserve(kWatchers);
  for (int i = 0; i < kWatchers; ++i) watchers.push_back(Watch(Prefix("w/"), 1));
  std::vector<std::vector<Revision>> seen(watchers.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < watchers.size(); ++i) {
    threads.emplace_back([&, i] {
      while (seen[i].size() < kPuts) {
        const auto batch = watchers[i]->Next(Soon());
        ASSERT_TRUE(batch.ok());
        for (const Event& event : batch->events) seen[i].push_back(event.kv.mod_revision);
      }
    });
  }
  std::thread writer([&] {
    for (int i = 0; i < kPuts / 2; ++i) Put("w/1", "x");
  });
  for (int i = 0; i < kPuts / 2; ++i) Put("w/2", "x");
  writer.join();
  for (std::thread& thread : threads) thread.join();
  for (const auto& revisions : seen) {
    EXPECT_EQ(revisions, seen[0]);
    EXPECT_TRUE(std::is_sorted(revisions.begin(), revisions.end()));
  }
}

TEST_P(StoreWatch, AnEndedLeaseTakesItsKeys) {
  const auto lease = store_->Grant(seconds(10));
  PW_ASSERT_OK(lease);
  Put("mine", "1", *lease);
  Put("other", "2");
  const auto watcher = Watch(Single("mine"), 0);
  clock_.Advance(seconds(9));
  EXPECT_TRUE(watcher->Next(Now())->events.empty());
  EXPECT_EQ((*Get(*store_, "mine"))->lease, *lease);
  clock_.Advance(seconds(2));
  AwaitDelete(*watcher, "mine");
  EXPECT_TRUE(Get(*store_, "other")->has_value());
  EXPECT_EQ(CodeOf(store_->KeepAlive(*lease)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(store_->Commit({{}, {Op::Put("mine", "1", *lease)}, {}})), ErrorCode::kNotFound);
}

TEST_P(StoreWatch, KeepAliveStartsTheTtlAnew) {
  const auto lease = store_->Grant(seconds(10));
  Put("mine", "1", *lease);
  const auto watcher = Watch(Single("mine"), 0);
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(seconds(9));
    const auto ttl = store_->KeepAlive(*lease);
    PW_ASSERT_OK(ttl);
    EXPECT_EQ(*ttl, seconds(10));
  }
  EXPECT_TRUE(watcher->Next(Now())->events.empty());
  clock_.Advance(seconds(10));
  AwaitDelete(*watcher, "mine");
}

TEST_P(StoreWatch, RevokeTakesTheKeysInOneRevision) {
  const auto lease = store_->Grant(hours(1));
  Put("a", "1", *lease);
  Put("b", "1", *lease);
  Put("c", "1", *lease);
  Put("c", "detached");
  PW_ASSERT_OK(store_->Revoke(*lease));
  const auto batch = Watch(Prefix(""), 5)->Next(Now());
  PW_ASSERT_OK(batch);
  EXPECT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->revision, 5);
  EXPECT_TRUE(Get(*store_, "c")->has_value());
  EXPECT_EQ(CodeOf(store_->Revoke(*lease)), ErrorCode::kNotFound);
}

TEST_P(StoreWatch, AKeyBelongsToItsLastLease) {
  const auto first = store_->Grant(seconds(5));
  const auto second = store_->Grant(hours(1));
  Put("a", "1", *first);
  Put("a", "2", *second);
  Put("b", "1", *first);
  const auto watcher = Watch(Prefix(""), 0);
  clock_.Advance(seconds(6));
  AwaitDelete(*watcher, "b");
  EXPECT_EQ((*Get(*store_, "a"))->lease, *second);
}

TEST_P(StoreWatch, LeasesAreDistinctAndPositive) {
  const auto first = store_->Grant(seconds(1));
  const auto second = store_->Grant(seconds(1));
  EXPECT_GT(*first, 0);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(CodeOf(store_->Grant(seconds(0))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(store_->Revoke(99)), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace podwright::store
