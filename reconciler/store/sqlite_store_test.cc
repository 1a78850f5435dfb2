// What only the SQLite store has: a file that outlives it, a lock, and a disk that can fail.
#include "reconciler/store/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "reconciler/store/folder_lock.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/sqlite_db.h"
#include "reconciler/store/sqlite_fault_vfs.h"
#include "reconciler/store/store_testing.h"

namespace podwright::store {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() { options_.folder = folder_.path() / "data"; }
  ~SqliteStoreTest() override {
    FaultVfs::fail_writes = false;
    FaultVfs::fail_syncs = false;
    FaultVfs::hold_syncs = false;
  }
  void Open() {
    store_.reset();
    auto opened = SqliteStore::Open(options_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    store_ = std::move(opened).value();
  }
  Error OpenError() {
    auto opened = SqliteStore::Open(options_, clock_);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Internal("it opened") : opened.error();
  }
  Result<Revision> Put(const std::string& key, const std::string& value) { return store::Put(*store_, key, value); }
  std::string Value(const std::string& key) {
    const auto found = Get(*store_, key);
    return found.ok() && *found ? (*found)->value : "(absent)";
  }
  // Changes the file behind the store's back.
  void Sql(const char* sql) {
    auto db = OpenSqlite((options_.folder / "store.db").string(), "");
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(Execute(db->get(), sql).ok());
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  SqliteOptions options_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, ReopeningFindsEverything) {
  Open();
  PW_ASSERT_OK(Put("a", "1"));
  PW_ASSERT_OK(Put("a", "2"));
  PW_ASSERT_OK(Put("b", "3"));
  PW_ASSERT_OK(store_->Compact(2));
  Open();
  EXPECT_EQ(**Get(*store_, "a"), (KeyValue{"a", "2", 1, 2, 2, 0}));
  EXPECT_EQ(CodeOf(store_->Range({Prefix(""), 1})), ErrorCode::kOutOfRange);
  EXPECT_EQ(*Put("c", "4"), 4);
}

TEST_F(SqliteStoreTest, AWatchGoesOnAcrossReopening) {
  Open();
  PW_ASSERT_OK(Put("a", "1"));
  PW_ASSERT_OK(Put("a", "2"));
  PW_ASSERT_OK(Put("a", "3"));
  Open();
  const auto watcher = store_->Watch(Prefix(""), 2);
  PW_ASSERT_OK(watcher);
  const auto batch = (*watcher)->Next(clock_.Steady());
  PW_ASSERT_OK(batch);
  ASSERT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->events[0].kv.value, "2");
}

TEST_F(SqliteStoreTest, LeasesSurviveReopeningWithTheirWholeTtl) {
  Open();
  const auto lease = store_->Grant(seconds(10));
  PW_ASSERT_OK(store_->Commit({{}, {Op::Put("a", "1", *lease)}, {}}));
  clock_.Advance(seconds(9));
  Open();
  clock_.Advance(seconds(9));
  PW_EXPECT_OK(store_->KeepAlive(*lease));
  const auto next = store_->Grant(seconds(10));
  EXPECT_GT(*next, *lease);
  const auto watcher = store_->Watch(Prefix(""), 0);
  clock_.Advance(seconds(10));
  EXPECT_EQ((*watcher)->Next(clock_.Steady() + seconds(60))->events.size(), 1U);
  EXPECT_EQ(Value("a"), "(absent)");
}

TEST_F(SqliteStoreTest, ASecondOneOnTheFolderIsRefusedByPid) {
  Open();
  const Error error = OpenError();
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(error.message(), HasSubstr("pid " + std::to_string(getpid())));
  store_.reset();
  Open();
}

TEST_F(SqliteStoreTest, AKilledHolderLetsGoAndLosesNothingAcknowledged) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    SystemClock clock;
    auto store = SqliteStore::Open(options_, clock);
    for (int i = 0; store.ok(); ++i) {
      if (!store::Put(**store, "k" + std::to_string(i), "x").ok()) break;
      if (write(ready[1], "x", 1) != 1) break;
    }
    _exit(1);
  }
  close(ready[1]);
  int acknowledged = 0;
  char byte = 0;
  while (acknowledged < 30 && read(ready[0], &byte, 1) == 1) ++acknowledged;
  EXPECT_THAT(OpenError().message(), HasSubstr("pid " + std::to_string(child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (read(ready[0], &byte, 1) == 1) ++acknowledged;
  close(ready[0]);
  EXPECT_GE(acknowledged, 30);
  Open();
  for (int i = 0; i < acknowledged; ++i) EXPECT_EQ(Value("k" + std::to_string(i)), "x") << i;
}

TEST_F(SqliteStoreTest, OnlyTheOwnerCanReadIt) {
  Open();
  PW_ASSERT_OK(Put("a", "1"));
  struct stat info {};
  ASSERT_EQ(stat(options_.folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder)) {
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 4);  // LOCK, the file, its log and its index
}

TEST_F(SqliteStoreTest, AFileThatOthersCanReadIsClosedToThem) {
  Open();
  store_.reset();
  ASSERT_EQ(chmod((options_.folder / "store.db").c_str(), 0644), 0);
  Open();
  struct stat info {};
  ASSERT_EQ(stat((options_.folder / "store.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedWithBothVersions) {
  Open();
  store_.reset();
  Sql("PRAGMA user_version = 7");
  const Error error = OpenError();
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(error.message(), HasSubstr("version 7"));
  EXPECT_THAT(error.message(), HasSubstr("up to 1"));
}

TEST_F(SqliteStoreTest, AnotherProgramsFileIsRefused) {
  std::filesystem::create_directories(options_.folder);
  std::ofstream(options_.folder / "store.db").flush();
  Sql("CREATE TABLE something(x)");
  EXPECT_THAT(OpenError().message(), HasSubstr("not a store of Podwright"));
}

TEST_F(SqliteStoreTest, GarbageIsDataLoss) {
  std::filesystem::create_directories(options_.folder);
  std::ofstream(options_.folder / "store.db") << std::string(8192, 'z');
  EXPECT_EQ(OpenError().code(), ErrorCode::kDataLoss);
}

TEST_F(SqliteStoreTest, ATruncatedFileIsNotTakenForGood) {
  Open();
  for (int i = 0; i < 100; ++i) PW_ASSERT_OK(Put("k" + std::to_string(i), std::string(2000, 'x')));
  store_.reset();
  std::filesystem::resize_file(options_.folder / "store.db", 20'480);
  auto opened = SqliteStore::Open(options_, clock_);
  if (opened.ok()) {
    EXPECT_EQ(CodeOf((*opened)->Range({Prefix("")})), ErrorCode::kDataLoss);
  }
}

TEST_F(SqliteStoreTest, AFullDiskFailsTheCallAndHalfWritesNothing) {
  options_.vfs = FaultVfs::Name();
  Open();
  PW_ASSERT_OK(Put("a", "1"));
  FaultVfs::fail_writes = true;
  const auto failed = store_->Commit({{}, {Op::Put("a", "2"), Op::Put("b", "2")}, {}});
  EXPECT_EQ(CodeOf(failed), ErrorCode::kResourceExhausted);
  EXPECT_EQ(failed.error().retry(), Retry::kBackoff);
  EXPECT_EQ(CodeOf(store_->Healthy()), ErrorCode::kResourceExhausted);
  EXPECT_EQ(Value("a"), "1");
  EXPECT_EQ(Value("b"), "(absent)");

  FaultVfs::fail_writes = false;
  clock_.Advance(seconds(2));
  PW_EXPECT_OK(store_->Healthy());
  EXPECT_EQ(*Put("a", "3"), 2);
  Open();
  EXPECT_EQ(Value("a"), "3");
}

TEST_F(SqliteStoreTest, AFullDiskKeepsLeasesUntilTheyCanEnd) {
  options_.vfs = FaultVfs::Name();
  Open();
  const auto lease = store_->Grant(seconds(5));
  PW_ASSERT_OK(store_->Commit({{}, {Op::Put("a", "1", *lease)}, {}}));
  const auto watcher = store_->Watch(Prefix(""), 0);
  FaultVfs::fail_writes = true;
  clock_.Advance(seconds(6));
  EXPECT_EQ(CodeOf(store_->KeepAlive(*lease)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(Put("b", "1")), ErrorCode::kResourceExhausted);
  FaultVfs::fail_writes = false;
  clock_.Advance(seconds(2));
  const auto batch = (*watcher)->Next(clock_.Steady() + seconds(60));
  PW_ASSERT_OK(batch);
  EXPECT_EQ(batch->events.at(0).kv.key, "a");
}

TEST_F(SqliteStoreTest, AFailedSyncStopsAllWritesUntilReopened) {
  options_.vfs = FaultVfs::Name();
  Open();
  PW_ASSERT_OK(Put("a", "1"));
  FaultVfs::fail_syncs = true;
  EXPECT_EQ(CodeOf(Put("a", "2")), ErrorCode::kUnavailable);
  FaultVfs::fail_syncs = false;
  EXPECT_EQ(CodeOf(Put("a", "3")), ErrorCode::kUnavailable);
  clock_.Advance(seconds(10));
  EXPECT_EQ(CodeOf(store_->Healthy()), ErrorCode::kUnavailable);
  EXPECT_EQ(Value("a"), "1");
  Open();
  PW_EXPECT_OK(store_->Healthy());
  PW_EXPECT_OK(Put("a", "4"));
}

TEST_F(SqliteStoreTest, TheSizeLimitIsAFullDiskThatCompactionFrees) {
  options_.max_bytes = 1 << 20;
  Open();
  Revision last = 0;
  for (;;) {
    const auto revision = Put("a", std::string(50'000, 'x'));
    if (!revision.ok()) {
      EXPECT_EQ(revision.error().code(), ErrorCode::kResourceExhausted);
      break;
    }
    last = *revision;
    ASSERT_LT(last, 100);
  }
  EXPECT_FALSE(store_->Healthy().ok());
  PW_ASSERT_OK(store_->Compact(last));
  PW_EXPECT_OK(store_->Healthy());
  PW_EXPECT_OK(Put("a", std::string(50'000, 'x')));
}

TEST_F(SqliteStoreTest, ConcurrentCommitsShareASync) {
  options_.vfs = FaultVfs::Name();
  Open();
  constexpr int kThreads = 32;
  FaultVfs::syncs = 0;
  FaultVfs::hold_syncs = true;
  std::atomic<int> started{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      ++started;
      EXPECT_TRUE(Put("k" + std::to_string(i), "x").ok());
    });
  }
  while (started < kThreads || FaultVfs::syncs == 0) std::this_thread::yield();
  FaultVfs::hold_syncs = false;
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(FaultVfs::syncs, kThreads);
  EXPECT_EQ(store_->Range({Prefix("k")})->kvs.size(), static_cast<std::size_t>(kThreads));
  EXPECT_EQ(store_->Range({Prefix("k")})->revision, kThreads);
}

TEST_F(SqliteStoreTest, WhatChangesNothingIsNotSynced) {
  options_.vfs = FaultVfs::Name();
  Open();
  PW_ASSERT_OK(Put("a", "1"));
  FaultVfs::syncs = 0;
  PW_EXPECT_OK(store_->Commit({{Compare::Absent("a")}, {Op::Put("a", "2")}, {Op::Get("a")}}));
  PW_EXPECT_OK(store_->Commit({{}, {Op::Delete("b")}, {}}));
  EXPECT_EQ(FaultVfs::syncs, 0);
}

TEST_F(SqliteStoreTest, AFailedBatchFailsAllOfItsCallers) {
  options_.vfs = FaultVfs::Name();
  Open();
  PW_ASSERT_OK(Put("a", "1"));
  FaultVfs::fail_writes = true;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (!Put("k" + std::to_string(i), "x").ok()) ++failed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  FaultVfs::fail_writes = false;
  EXPECT_EQ(failed, 8);
  EXPECT_TRUE(store_->Range({Prefix("k")})->kvs.empty());
  EXPECT_EQ(*Put("b", "1"), 2);
}

TEST_F(SqliteStoreTest, ALinkInPlaceOfTheFileIsRefused) {
  std::filesystem::create_directories(options_.folder);
  std::filesystem::create_symlink("/etc/passwd", options_.folder / "store.db");
  EXPECT_FALSE(SqliteStore::Open(options_, clock_).ok());
}

TEST(FolderLock, AnUnreadablePidIsNotRepeated) {
  TemporaryFolder folder;
  const auto held = FolderLock::Take(folder.path());
  PW_ASSERT_OK(held);
  std::ofstream(folder.path() / "LOCK") << "\x1b[2Jgarbage";
  const auto second = FolderLock::Take(folder.path());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message(), HasSubstr("another process"));
}

}  // namespace
}  // namespace podwright::store
