// What a source loses: its mirror, its ledger, its document.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "reconciler/sources/sources_fixture.h"

namespace podwright::sources {
namespace {

TEST_F(SourcesTest, ALostLedgerWriteIsMadeUpForAndNothingIsDoneTwice) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  // As after a crash between Apply and the ledger: the objects are there, the ledger is not.
  store::Transaction removal;
  removal.success.push_back(store::Op::Delete("git/default/plans"));
  ASSERT_TRUE(world.memory_store.Commit(removal).ok());
  const std::int64_t generation = world.Get("server", "web").object().generation();
  Restart();
  sources->RunDue();
  EXPECT_EQ(Applied(), one);
  EXPECT_EQ(world.Get("server", "web").object().generation(), generation);
  EXPECT_EQ(world.CountEvents("object.created"), 2);
}

TEST_F(SourcesTest, ADeletedSourceLeavesItsObjectsAndBeginsAnewWhenItComesBack) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  v1::ApplyRequest request = world.Request("cli:sources");
  world.Delete(&request, "git_source", "plans");
  ASSERT_TRUE(world.Apply(request).ok());
  world.Settle();
  sources->RunDue();
  EXPECT_EQ(sources->Get("default", "plans").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Wanted("web"));
  EXPECT_TRUE(std::filesystem::is_empty(repository.folder() / "mirrors"));
  PutSource();
  EXPECT_EQ(View().history_size(), 1);
}

TEST_F(SourcesTest, ABrokenMirrorIsMadeAnew) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  for (const auto& mirror : std::filesystem::directory_iterator(repository.folder() / "mirrors")) {
    std::filesystem::remove_all(mirror.path() / "objects");
    std::filesystem::create_directories(mirror.path() / "objects");
  }
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string two = repository.Commit("two");
  NextLook();
  NextLook();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Applied(), two);
  EXPECT_TRUE(Wanted("db"));
}

// Everything that is reachable from `commit` without its parents stays in the mirror, nothing else.
void LoseHistoryBefore(const git::testing::Repository& repository, const std::string& commit) {
  for (const auto& mirror : std::filesystem::directory_iterator(repository.folder() / "mirrors")) {
    const std::string at = "git --git-dir=" + mirror.path().string();
    repository.Git({"-c",
                    "alias.lose=!set -e; unset GIT_DIR; " + at + " rev-list --objects --no-walk " + commit +
                        " | cut -d' ' -f1 | " + at + " pack-objects -q " + mirror.path().string() +
                        "/kept >/dev/null; " + "rm -rf " + mirror.path().string() + "/objects; mkdir -p " +
                        mirror.path().string() + "/objects/pack; cd " + mirror.path().string() +
                        "; for f in kept-*; do mv $f objects/pack/pack-${f#kept-}; done",
                    "lose"});
  }
}

TEST_F(SourcesTest, AMirrorThatLostOnlyOldCommitsIsNoRewrittenBranch) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  repository.Write("bad.yaml", "kind: [\n");
  const std::string two = repository.Commit("two");
  NextLook();
  ASSERT_EQ(Problem(), "BrokenDocuments");
  LoseHistoryBefore(repository, two);
  NextLook();
  EXPECT_EQ(Problem(), "BrokenDocuments") << Message();
  repository.Remove("bad.yaml");
  const std::string three = repository.Commit("three");
  LoseHistoryBefore(repository, two);
  NextLook();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Applied(), three);
}

TEST_F(SourcesTest, ARewrittenBranchMakesTheMirrorAnewOnlyOnce) {
  const std::string base = repository.Commit("base");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  repository.Git({"reset", "-q", "--hard", base});
  repository.Write("web.yaml", ServerDocument("web", "other"));
  repository.Commit("rewritten");
  std::filesystem::remove_all(repository.folder() / "mirrors");
  NextLook();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  const int fetches = fetcher.fetches;
  NextLook();
  NextLook();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  EXPECT_EQ(fetcher.fetches, fetches + 2);
}

TEST_F(SourcesTest, ThreadsOfItsOwnDoTheSame) {
  v1::ApplyRequest request = world.Request("cli:sources");
  const std::vector<std::string> names = {"a", "b", "c"};
  for (const std::string& name : names) {
    repository.Write(name + "/x.yaml", ServerDocument("of-" + name));
    spec.set_path(name);
    control::testing::World::Put(&request, "git_source", name, spec);
  }
  const std::string one = repository.Commit("one");
  ASSERT_TRUE(world.Apply(request).ok());
  world.control().Start();
  sources->Start();
  const auto applied = [&] {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      const auto view = sources->Get("default", name);
      return view.ok() && view->applied().commit() == one;
    });
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!applied() && std::chrono::steady_clock::now() < deadline) {
    EXPECT_TRUE(sources->List("default").ok());
    std::this_thread::yield();
  }
  sources->Stop();
  world.control().Stop();
  EXPECT_TRUE(applied());
}

}  // namespace
}  // namespace podwright::sources
