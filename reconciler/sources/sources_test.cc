// Sources from the push to what is wanted: repositories made by git, a clock moved by hand, a control plane in memory.
#include "reconciler/sources/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/digest.h"
#include "kinds/testing/testing_kinds.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "reconciler/control/testing/world.h"
#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/testing/repository.h"

namespace podwright::sources {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string ServerDocument(const std::string& name, const std::string& content = "hello") {
  return "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: " + name +
         "}\nspec:\n  files:\n    /etc/motd: {content: " + content + "}\n";
}

// Fails as often as it is told to.
class ScriptedFetcher final : public git::Fetcher {
 public:
  Result<std::string> Fetch(const git::FetchRequest& request) override {
    ++fetches;
    secret = std::string(request.secret.Reveal());
    if (failures > 0 && failures-- > 0) return Unavailable("the network is down");
    return real_.Fetch(request);
  }
  int fetches = 0;
  int failures = 0;
  std::string secret;

 private:
  git::LibraryFetcher real_;
};

class SourcesTest : public ::testing::Test {
 protected:
  SourcesTest() {
    spec.set_url(repository.Url());
    spec.set_interval(60'000);
    Restart();
  }

  void Restart() {
    sources =
        std::make_unique<Sources>(Dependencies{world.memory_store, world.clock, world.random, kinds::TestingKinds(),
                                               world.control(), fetcher, repository.folder() / "mirrors"});
  }
  void PutSource() {
    v1::ApplyRequest request = world.Request("cli:sources");
    control::testing::World::Put(&request, "git_source", "plans", spec);
    const auto applied = world.Apply(request);
    ASSERT_TRUE(applied.ok()) << applied.error().ToString();
    sources->RunDue();
    world.Settle();
  }
  // The source's next look, an interval and a tenth later.
  void NextLook() {
    world.Advance(std::chrono::milliseconds(spec.interval() * 11 / 10 + 1));
    sources->RunDue();
    world.Settle();
  }
  v1::SourceView View() {
    auto view = sources->Get("default", "plans");
    EXPECT_TRUE(view.ok());
    return view.ok() ? *view : v1::SourceView();
  }
  std::string Problem() { return View().problem().reason(); }
  std::string Message() { return View().problem().message(); }
  std::string Applied() { return View().applied().commit(); }
  bool Wanted(const std::string& server) {
    return world.Exists("server", server) && world.Get("server", server).object().lifecycle() == v1::LIFECYCLE_LIVE;
  }
  void Pin(const std::string& commit) {
    v1::PinSourceRequest request;
    request.set_workspace("default");
    request.set_name("plans");
    request.set_commit(commit);
    request.set_reason("it broke");
    const auto pinned = sources->Pin("token:ada", request);
    ASSERT_TRUE(pinned.ok()) << pinned.error().ToString();
    sources->RunDue();
    world.Settle();
  }

  control::testing::World world;
  git::testing::Repository repository;
  ScriptedFetcher fetcher;
  v1::kinds::GitSourceSpec spec;
  std::unique_ptr<Sources> sources;
};

TEST_F(SourcesTest, APushIsWantedAtTheNextLook) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  EXPECT_EQ(Applied(), one);
  EXPECT_EQ(world.Get("server", "web").object().owner(), "git:plans");
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string two = repository.Commit("two");
  sources->RunDue();
  EXPECT_EQ(Applied(), one);
  NextLook();
  EXPECT_EQ(Applied(), two);
  EXPECT_TRUE(Wanted("db"));
  EXPECT_THAT(View().history(), SizeIs(2));
  EXPECT_EQ(View().applied().subject(), "two");
  EXPECT_EQ(world.CountEvents("source.applied"), 2);
}

TEST_F(SourcesTest, NothingNewAppliesNothing) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  const auto entries = world.Audit().size();
  NextLook();
  NextLook();
  EXPECT_EQ(world.Audit().size(), entries);
  EXPECT_EQ(fetcher.fetches, 3);
}

TEST_F(SourcesTest, WhatACommitNoLongerDeclaresGoes) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("one");
  PutSource();
  repository.Remove("db.yaml");
  repository.Commit("two");
  NextLook();
  EXPECT_TRUE(Wanted("web"));
  EXPECT_FALSE(Wanted("db"));
}

TEST_F(SourcesTest, WithoutPruneNothingGoes) {
  spec.set_prune(false);
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("one");
  PutSource();
  repository.Remove("db.yaml");
  const std::string two = repository.Commit("two");
  NextLook();
  EXPECT_EQ(Applied(), two);
  EXPECT_TRUE(Wanted("db"));
}

TEST_F(SourcesTest, AnEmptyFolderDeletesNothing) {
  repository.Write("prod/web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Remove("prod/web.yaml");
  repository.Write("prod/notes.md", "none");
  repository.Commit("two");
  NextLook();
  EXPECT_EQ(Problem(), "EmptyFolder");
  EXPECT_TRUE(Wanted("web"));
  EXPECT_EQ(Applied(), one);
  // The whole folder gone is no other case.
  spec.set_path("prod");
  repository.Remove("prod");
  repository.Commit("three");
  PutSource();
  EXPECT_EQ(Problem(), "BadFolder");
  EXPECT_THAT(Message(), HasSubstr("there is no folder prod"));
  EXPECT_TRUE(Wanted("web"));
}

TEST_F(SourcesTest, ABrokenDocumentStopsTheSourceWithAllErrorsAndLeavesEverything) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Write("web.yaml", ServerDocument("web", "changed"));
  repository.Write("a/bad.yaml",
                   "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: x}\nspec: {filez: {}}\n");
  repository.Write("b.yaml", "apiVersion: podwright.dev/v1\nkind: Sever\nmetadata: {name: y}\n");
  const std::string two = repository.Commit("two");
  NextLook();
  EXPECT_EQ(Problem(), "BrokenDocuments");
  EXPECT_THAT(Message(), AllOf(HasSubstr("commit " + two.substr(0, 12)), HasSubstr("a/bad.yaml:4:"),
                               HasSubstr("b.yaml:2:"), HasSubstr("2 errors")));
  EXPECT_EQ(Applied(), one);
  EXPECT_EQ(View().wanted(), two);
  repository.Remove("a");
  repository.Remove("b.yaml");
  const std::string three = repository.Commit("three");
  NextLook();
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(Applied(), three);
}

TEST_F(SourcesTest, ASecretsValueInAFileIsRefused) {
  repository.Write("s.yaml",
                   "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: s}\nspec: {value: hunter2}\n");
  repository.Commit("one");
  PutSource();
  EXPECT_EQ(Problem(), "BrokenDocuments");
  EXPECT_THAT(Message(), AllOf(HasSubstr("s.yaml:4:"), Not(HasSubstr("hunter2"))));
}

TEST_F(SourcesTest, AReferenceToWhatThisCommitDeletesIsAnError) {
  const std::string secret = "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: s}\nspec: {generator: {}}\n";
  const std::string server =
      "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: web}\nspec:\n  secrets:\n    /etc/s: {secret: s}\n";
  repository.Write("s.yaml", secret);
  repository.Write("web.yaml", server);
  repository.Commit("one");
  PutSource();
  EXPECT_EQ(Problem(), "");
  repository.Remove("s.yaml");
  repository.Commit("two");
  NextLook();
  EXPECT_EQ(Problem(), "BrokenDocuments");
  EXPECT_THAT(Message(), HasSubstr("web.yaml:6:"));
}

TEST_F(SourcesTest, AnObjectOfAnotherOwnerIsNotTaken) {
  v1::ApplyRequest request = world.Request("tofu:shop");
  world.PutServerFile(&request, "web", "mine");
  ASSERT_TRUE(world.Apply(request).ok());
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  EXPECT_EQ(Problem(), "Refused");
  EXPECT_THAT(Message(), AllOf(HasSubstr("tofu:shop"), HasSubstr("hand-over")));
}

TEST_F(SourcesTest, AForcePushIsRefusedAlsoAfterARestartAndWithoutAMirror) {
  const std::string base = repository.Commit("base");
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Git({"reset", "-q", "--hard", base});
  repository.Write("evil.yaml", ServerDocument("evil"));
  repository.Commit("rewritten");
  NextLook();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  EXPECT_THAT(Message(), HasSubstr("rollback"));
  EXPECT_FALSE(Wanted("evil"));
  Restart();
  sources->RunDue();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  std::filesystem::remove_all(repository.folder() / "mirrors");
  Restart();
  sources->RunDue();
  EXPECT_EQ(Problem(), "HistoryRewritten");
  EXPECT_EQ(Applied(), one);
}

TEST_F(SourcesTest, ACommitBehindTheAppliedOneIsRefused) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string two = repository.Commit("two");
  PutSource();
  repository.Git({"reset", "-q", "--hard", one});
  NextLook();
  EXPECT_EQ(Problem(), "CommitBehind");
  EXPECT_EQ(Applied(), two);
  EXPECT_TRUE(Wanted("db"));
  // Back again is no force-push any more.
  repository.Git({"reset", "-q", "--hard", two});
  NextLook();
  EXPECT_EQ(Problem(), "");
}

TEST_F(SourcesTest, ARollbackStaysUntilItIsReleased) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string two = repository.Commit("two");
  NextLook();
  Pin(one.substr(0, 10));
  EXPECT_EQ(Applied(), one);
  EXPECT_FALSE(Wanted("db"));
  EXPECT_EQ(View().pin().actor(), "token:ada");
  repository.Write("more.yaml", ServerDocument("more"));
  const std::string three = repository.Commit("three");
  NextLook();
  EXPECT_EQ(Applied(), one);
  Restart();
  NextLook();
  EXPECT_EQ(Applied(), one);
  EXPECT_EQ(View().pin().reason(), "it broke");
  ASSERT_TRUE(sources->Release("default", "plans").ok());
  sources->RunDue();
  EXPECT_EQ(Applied(), three);
  EXPECT_TRUE(Wanted("db"));
  EXPECT_FALSE(sources->Release("default", "plans").ok());
}

TEST_F(SourcesTest, ARollbackWithoutACommitTakesTheOneBefore) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Write("web.yaml", ServerDocument("web", "two"));
  repository.Commit("two");
  NextLook();
  Pin("");
  EXPECT_EQ(Applied(), one);
}

TEST_F(SourcesTest, ARewrittenBranchIsAcceptedByAPinAndFollowedAfterItsRelease) {
  const std::string base = repository.Commit("base");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  repository.Git({"reset", "-q", "--hard", base});
  repository.Write("web.yaml", ServerDocument("web", "other"));
  const std::string other = repository.Commit("other");
  NextLook();
  ASSERT_EQ(Problem(), "HistoryRewritten");
  Pin(other);
  EXPECT_EQ(Problem(), "");
  ASSERT_TRUE(sources->Release("default", "plans").ok());
  repository.Write("web.yaml", ServerDocument("web", "more"));
  const std::string more = repository.Commit("more");
  sources->RunDue();
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(Applied(), more);
}

TEST_F(SourcesTest, EveryCommitSinceTheAppliedOneMustBeSigned) {
  std::string ada;
  const std::string key = repository.MakeSshKey("ada", &ada);
  (*spec.mutable_verification()->mutable_signers())["ada"].set_ssh_key(ada);
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("unsigned history before");
  repository.SignWithSsh(key);
  const std::string one = repository.Commit("signed");
  PutSource();
  EXPECT_EQ(Applied(), one);
  repository.SignWithSsh("");
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string between = repository.Commit("unsigned in between");
  repository.SignWithSsh(key);
  repository.Commit("signed again");
  NextLook();
  EXPECT_EQ(Problem(), "Unverified");
  EXPECT_EQ(View().problem().commit(), between);
  EXPECT_THAT(Message(), AllOf(HasSubstr("unsigned in between"), HasSubstr("not signed")));
  EXPECT_FALSE(Wanted("db"));
  // A stranger's signature is none.
  repository.Git({"reset", "-q", "--hard", one});
  std::string eve;
  repository.SignWithSsh(repository.MakeSshKey("eve", &eve));
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("by a stranger");
  NextLook();
  EXPECT_THAT(Message(), HasSubstr("none of the signers"));
  (*spec.mutable_verification()->mutable_signers())["eve"].set_ssh_key(eve);
  PutSource();
  EXPECT_EQ(Problem(), "");
  EXPECT_TRUE(Wanted("db"));
}

TEST_F(SourcesTest, APinIsVerifiedToo) {
  std::string ada;
  const std::string key = repository.MakeSshKey("ada", &ada);
  (*spec.mutable_verification()->mutable_signers())["ada"].set_ssh_key(ada);
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string unsigned_one = repository.Commit("unsigned");
  repository.SignWithSsh(key);
  const std::string signed_one = repository.Commit("signed");
  PutSource();
  Pin(unsigned_one);
  EXPECT_EQ(Problem(), "Unverified");
  EXPECT_EQ(Applied(), signed_one);
}

TEST_F(SourcesTest, WhatFailsIsTriedAgainWithBackoffAndSaysSince) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  fetcher.failures = 3;
  PutSource();
  EXPECT_EQ(Problem(), "FetchFailed");
  EXPECT_THAT(Message(), HasSubstr("the network is down"));
  const std::int64_t since = View().problem().since_unix_ms();
  world.Advance(std::chrono::milliseconds(5'500));
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_EQ(View().problem().failures(), 2U);
  EXPECT_EQ(View().problem().since_unix_ms(), since);
  world.Advance(std::chrono::milliseconds(5'500));
  EXPECT_EQ(sources->RunDue(), 0);
  world.Advance(std::chrono::milliseconds(5'500));
  EXPECT_EQ(sources->RunDue(), 1);
  world.Advance(std::chrono::milliseconds(22'000));
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_EQ(Applied(), one);
  EXPECT_EQ(world.CountEvents("source.blocked"), 1);
}

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

TEST_F(SourcesTest, ASuspendedSourceLooksAtNothingUntilItGoesOn) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  v1::SuspendSourceRequest request;
  request.set_workspace("default");
  request.set_name("plans");
  request.set_suspend(true);
  request.set_reason("holidays");
  ASSERT_TRUE(sources->Suspend("token:ada", request).ok());
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("two");
  Restart();
  NextLook();
  EXPECT_EQ(View().state(), "suspended");
  EXPECT_EQ(View().suspension().reason(), "holidays");
  EXPECT_FALSE(Wanted("db"));
  request.set_suspend(false);
  ASSERT_TRUE(sources->Suspend("token:ada", request).ok());
  sources->RunDue();
  EXPECT_TRUE(Wanted("db"));
}

TEST_F(SourcesTest, ASyncLooksAtOnceAndSaysWhenItIsDone) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("two");
  const v1::SourceView asked = sources->Sync("default", "plans").value();
  EXPECT_LT(asked.syncs_done(), asked.syncs_asked());
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_EQ(View().syncs_done(), asked.syncs_asked());
  EXPECT_TRUE(Wanted("db"));
  EXPECT_EQ(sources->Sync("default", "nothing").error().code(), ErrorCode::kNotFound);
}

TEST_F(SourcesTest, AWebhookWakesTheSourceOnceAndOthersDoNot) {
  v1::ApplyRequest secret = world.Request("cli:sources");
  v1::kinds::SecretSpec value;
  value.set_value("shared");
  control::testing::World::Put(&secret, "secret", "hook", value);
  ASSERT_TRUE(world.Apply(secret).ok());
  spec.mutable_webhook()->set_secret("hook");
  spec.mutable_webhook()->set_type("github");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  ASSERT_EQ(Problem(), "");
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("two");
  world.Advance(std::chrono::milliseconds(2'000));
  const auto call = [&](const std::string& key, const std::string& source) {
    const std::string body = "{}";
    return sources
        ->Webhook("default", source,
                  {[&](const std::string& name) {
                     return name == "X-Hub-Signature-256" ? "sha256=" + HexEncode(HmacSha256(key, body)) : "";
                   },
                   body})
        .ok();
  };
  EXPECT_FALSE(call("wrong", "plans"));
  EXPECT_FALSE(call("shared", "nothing"));
  EXPECT_EQ(sources->RunDue(), 0);
  EXPECT_TRUE(call("shared", "plans"));
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_TRUE(Wanted("db"));
  world.Advance(std::chrono::milliseconds(2'000));
  EXPECT_TRUE(call("shared", "plans"));  // a repetition
  EXPECT_EQ(sources->RunDue(), 0);
  EXPECT_EQ(View().webhooks_refused(), 1U);
}

TEST_F(SourcesTest, CredentialsFollowTheSecretsNewestVersionAndAreInNoMessage) {
  v1::ApplyRequest secret = world.Request("cli:sources");
  v1::kinds::SecretSpec value;
  value.set_value("token-1");
  control::testing::World::Put(&secret, "secret", "token", value);
  ASSERT_TRUE(world.Apply(secret).ok());
  spec.set_url("https://git.invalid/plans.git");
  spec.mutable_credentials()->set_secret("token");
  fetcher.failures = 1000;
  PutSource();
  EXPECT_EQ(fetcher.secret, "token-1");
  v1::SetSecretRequest set;
  set.set_name("token");
  set.set_value("token-2");
  ASSERT_TRUE(world.control().SetSecret(world.admin, set).ok());
  NextLook();
  EXPECT_EQ(fetcher.secret, "token-2");
  EXPECT_THAT(Message(), Not(HasSubstr("token-2")));
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

}  // namespace
}  // namespace podwright::sources
