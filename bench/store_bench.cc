// The SQLite store on the disk under the working folder: small commits with full sync, alone and batched, and
// reads.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "core/clock.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/sqlite_store.h"

namespace podwright::store {
namespace {

// The store of the running benchmark, in a folder that goes with it. Set up and torn down on one thread.
struct Running {
  SystemClock clock;
  std::filesystem::path folder;
  std::unique_ptr<SqliteStore> store;
  std::atomic<std::uint64_t> next{0};
};
Running* running = nullptr;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "store_bench: %s\n", what.c_str());
  std::exit(1);
}

void SetUp(const benchmark::State&) {
  running = new Running;
  std::string name = (std::filesystem::current_path() / "store-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) Fail("cannot make a folder");
  running->folder = name;
  SqliteOptions options;
  options.folder = running->folder / "data";
  auto opened = SqliteStore::Open(options, running->clock);
  if (!opened.ok()) Fail(opened.error().ToString());
  running->store = std::move(opened).value();
}

void TearDown(const benchmark::State&) {
  running->store.reset();
  std::filesystem::remove_all(running->folder);
  delete running;
  running = nullptr;
}

void SetUpWithKeys(const benchmark::State& state) {
  SetUp(state);
  for (int i = 0; i < 100; ++i) {
    Transaction transaction;
    for (int k = 0; k < 100; ++k) {
      transaction.success.push_back(Op::Put("object/" + std::to_string(i * 100 + k), std::string(500, 'x')));
    }
    if (!running->store->Commit(transaction).ok()) Fail("cannot write");
  }
}

// One key of 200 bytes a commit; each is on the disk when it returns.
void SmallCommit(benchmark::State& state) {
  const std::string value(200, 'v');
  for (auto _ : state) {
    const auto done = Put(*running->store, "key/" + std::to_string(running->next++ % 10'000), value);
    if (!done.ok()) state.SkipWithError("a commit failed");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SmallCommit)->Setup(SetUp)->Teardown(TearDown)->UseRealTime()->Threads(1)->Threads(8)->Threads(64);

// A large apply writes so: a hundred objects a transaction.
void FullTransaction(benchmark::State& state) {
  const std::string value(1000, 'v');
  for (auto _ : state) {
    Transaction transaction;
    for (int i = 0; i < 100; ++i) {
      transaction.success.push_back(Op::Put("key/" + std::to_string(running->next++ % 10'000), value));
    }
    if (!running->store->Commit(transaction).ok()) state.SkipWithError("a commit failed");
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(FullTransaction)->Setup(SetUp)->Teardown(TearDown)->UseRealTime();

void ReadOneKey(benchmark::State& state) {
  for (auto _ : state) {
    const auto found = Get(*running->store, "object/" + std::to_string(running->next++ % 10'000));
    if (!found.ok() || !*found) state.SkipWithError("a read failed");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReadOneKey)->Setup(SetUpWithKeys)->Teardown(TearDown)->UseRealTime()->Threads(1)->Threads(2);

void ReadTenThousandKeys(benchmark::State& state) {
  for (auto _ : state) {
    std::int64_t seen = 0;
    const auto done = ForEach(*running->store, Prefix("object/"), [&seen](const KeyValue&) {
      ++seen;
      return Ok();
    });
    if (!done.ok() || seen != 10'000) state.SkipWithError("a read failed");
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(ReadTenThousandKeys)->Setup(SetUpWithKeys)->Teardown(TearDown)->Unit(benchmark::kMillisecond);

// From a commit until a watcher has the event.
void CommitAndWatch(benchmark::State& state) {
  auto watcher = running->store->Watch(Prefix("key/"), 0);
  if (!watcher.ok()) return state.SkipWithError("no watch");
  for (auto _ : state) {
    if (!Put(*running->store, "key/1", "v").ok()) state.SkipWithError("a commit failed");
    const auto batch = (*watcher)->Next(running->clock.Steady() + std::chrono::seconds(10));
    if (!batch.ok() || batch->events.size() != 1) state.SkipWithError("no event");
  }
}
BENCHMARK(CommitAndWatch)->Setup(SetUp)->Teardown(TearDown)->UseRealTime();

}  // namespace
}  // namespace podwright::store
