// What users of Flux, Argo CD, Atlantis and Crossplane complain of, as far as sources and convergence go. Each
// complaint has a test of its name, here or where it says:
//
//   argo-cd#15058        wrong prune                         PruneTakesOnlyWhatThisSourceOwnsAndNoLongerDeclares
//   argo-cd#4272         one commit refreshes 600 apps       ACommitElsewhereRefreshesNothing; OnlyAgentsOfWhatChanges-
//                                                            AreAsked (control/whole_owner_test.cc); OnlyFilesThat-
//                                                            ChangedAreParsed (folder_loader_test.cc)
//   argo-cd#14666        out of sync without a difference    WhatMeansTheSameIsInSync
//   argo-cd#9570         a rollback undone by auto-sync      ARollbackIsNotUndoneByTheNextSync
//   argo-cd#3484         no limit on what auto-sync deletes  ACommitThatDeletesMoreThanTheLimitWaitsForApproval,
//                                                            AnEmptyFolderDeletesNothing (sources_test.cc);
//                                                            AnOwnerIsNeverEmptiedWithoutApproval and its neighbours
//                                                            (control/policy/limits_test.cc)
//   crossplane#1805      no dry run                          ADryRunOfACommitSaysWhatItsApplyDoes
//   tofu-controller#1876 orphaned locks after a runner died  ASourceWhoseControlPlaneDiedIsHeldByNobody; kill -9 at
//                                                            every point: tests/acceptance/test_git_crash.py
//   atlantis#1624        stale plans are applied             APlanThatIsStaleIsNotApplied; AMergeThatWouldDoSomething-
//                                                            ElseStopsAndSaysWhat (previews/merging_test.cc)
//   atlantis#2082        a plan that would revert what was   APullRequestsHeadComesWithTheBranchAndItsMergeHasBoth-
//                        just merged                         Changes (git/merge_test.cc); TwoMergesInQuickSuccession-
//                                                            AreAppliedOneByOne (previews/merging_test.cc)
//   atlantis#3474        plans vanish when the base moves    ABaseThatMovesAndAFactThatChangesArePlannedAgain
//                                                            (previews/previews_test.cc)
//   atlantis#4932        floods of comments                  ANewHeadEditsTheSameComment, ACommentWhoseCreationNobody-
//                                                            AnsweredIsNotMadeTwice (previews/previews_test.cc);
//                                                            AHundredPullRequestsAtOnceBreakNoLimitAndAllAreAnswered
//                                                            (previews/crowd_test.cc)
//   flux                 a health check holds up the next    ANewCommitDoesNotWaitForTheOneBefore
//                        revision
#include <gmock/gmock.h>

#include "core/digest.h"
#include "podwright/v1/approval.pb.h"
#include "podwright/v1/kinds/policy.pb.h"
#include "reconciler/sources/sources_fixture.h"

namespace podwright::sources {
namespace {

using ::testing::HasSubstr;

TEST_F(SourcesTest, PruneTakesOnlyWhatThisSourceOwnsAndNoLongerDeclares) {
  v1::ApplyRequest others = world.Request("tofu:shop");
  world.PutServerFile(&others, "shop", "mine");
  ASSERT_TRUE(world.Apply(others).ok());
  repository.Write("all.yaml",
                   ServerDocument("web") + "---\n" + ServerDocument("db") + "---\n" + ServerDocument("old"));
  repository.Commit("one");
  PutSource();
  const std::string uid = world.Get("server", "web").object().uid();
  // Documents that move between files and folders are the same objects.
  repository.Remove("all.yaml");
  repository.Write("deep/web.yaml", ServerDocument("web"));
  repository.Write("db.yml", ServerDocument("db"));
  repository.Commit("two");
  NextLook();
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(world.Get("server", "web").object().uid(), uid);
  EXPECT_EQ(world.Get("server", "web").object().generation(), 1);
  EXPECT_TRUE(Wanted("db"));
  EXPECT_FALSE(Wanted("old"));
  EXPECT_TRUE(Wanted("shop"));
  EXPECT_EQ(world.CountEvents("object.deleted"), 1);
}

TEST_F(SourcesTest, ACommitElsewhereRefreshesNothing) {
  spec.set_path("prod");
  repository.Write("prod/web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  const int runs = world.CountEvents("run.created");
  const std::int64_t generation = world.Get("server", "web").object().generation();
  repository.Write("staging/web.yaml", ServerDocument("other"));
  const std::string two = repository.Commit("two");
  NextLook();
  EXPECT_EQ(Applied(), two);
  EXPECT_EQ(world.CountEvents("run.created"), runs);
  EXPECT_EQ(world.Get("server", "web").object().generation(), generation);
  EXPECT_FALSE(world.Exists("server", "other"));
}

TEST_F(SourcesTest, WhatMeansTheSameIsInSync) {
  world.AddAgent("web");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  EXPECT_EQ(View().state(), "synced");
  const int runs = world.CountEvents("run.created");
  // Other quotes, another order, comments, a default that is spelled out.
  repository.Write("web.yaml",
                   "# the web\nspec:\n  files:\n    \"/etc/motd\":\n      content: 'hello'  # greets\nmetadata:\n"
                   "  name: web\nkind: Server\napiVersion: podwright.dev/v1\n");
  const std::string two = repository.Commit("two");
  NextLook();
  EXPECT_EQ(Applied(), two);
  EXPECT_EQ(View().state(), "synced");
  EXPECT_EQ(world.CountEvents("run.created"), runs);
  EXPECT_EQ(world.Get("server", "web").object().generation(), 1);
}

TEST_F(SourcesTest, ARollbackIsNotUndoneByTheNextSync) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Write("web.yaml", ServerDocument("web", "two"));
  repository.Commit("two");
  NextLook();
  Pin(one);
  ASSERT_TRUE(sources->Sync("default", "plans").ok());
  sources->RunDue();
  repository.Write("web.yaml", ServerDocument("web", "three"));
  repository.Commit("three");
  NextLook();
  EXPECT_EQ(Applied(), one);
  EXPECT_THAT(world.Get("server", "web").object().spec(), HasSubstr("hello"));
}

TEST_F(SourcesTest, ACommitThatDeletesMoreThanTheLimitWaitsForApproval) {
  v1::kinds::PolicySpec policy;
  policy.mutable_limits()->set_deletes(1);
  v1::ApplyRequest request = world.Request("cli:policy");
  control::testing::World::Put(&request, "policy", "default", policy);
  ASSERT_TRUE(world.Apply(request).ok());
  for (const char* name : {"a", "b", "c"}) {
    world.AddAgent(name);
    repository.Write(std::string(name) + ".yaml", ServerDocument(name));
  }
  const std::string one = repository.Commit("one");
  PutSource();
  ASSERT_EQ(View().state(), "synced");
  repository.Remove("b.yaml");
  repository.Remove("c.yaml");
  const std::string two = repository.Commit("two");
  NextLook();
  EXPECT_EQ(Problem(), "ApprovalNeeded");
  EXPECT_THAT(Message(), HasSubstr("podwright approve " + HexEncode(View().problem().digest())));
  EXPECT_EQ(Applied(), one);
  NextLook();
  EXPECT_TRUE(Wanted("b") && Wanted("c"));
  v1::ApproveRequest approval;
  approval.set_digest(View().problem().digest());
  approval.set_reason("they moved");
  const auto approved = world.control().Approve(world.admin, approval);
  ASSERT_TRUE(approved.ok()) << approved.error().ToString();
  sources->RunDue();
  world.Settle();
  EXPECT_EQ(Problem(), "") << Message();
  EXPECT_EQ(Applied(), two);
  EXPECT_TRUE(Wanted("a"));
  EXPECT_FALSE(Wanted("b") || Wanted("c"));
}

TEST_F(SourcesTest, ADryRunOfACommitSaysWhatItsApplyDoes) {
  world.AddAgent("web");
  world.AddAgent("db");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("one");
  PutSource();
  v1::ApplyRequest request = world.Request("git:plans");
  for (const auto& [name, content] : {std::pair("web", "changed"), std::pair("db", "hello")}) {
    v1::kinds::ServerSpec server;
    (*server.mutable_files())["/etc/motd"].set_content(content);
    control::testing::World::Put(&request, "server", name, server);
  }
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok()) << preview.error().ToString();
  EXPECT_GT(preview->plan().order_size(), 0);
  EXPECT_EQ(world.Get("server", "web").object().generation(), 1);
  repository.Write("web.yaml", ServerDocument("web", "changed"));
  repository.Commit("two");
  NextLook();
  v1::GetRunRequest run;
  run.set_id(View().applied().run());
  EXPECT_EQ(world.control().GetRun(world.admin, run)->plan_digest(), preview->plan().digest());
}

TEST_F(SourcesTest, APlanThatIsStaleIsNotApplied) {
  world.AddAgent("web");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  v1::ApplyRequest request = world.Request("git:plans");
  world.PutServerFile(&request, "web", "planned");
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  request.set_dry_run(true);
  const std::string digest = world.Apply(request)->plan().digest();
  // Something else was merged meanwhile.
  repository.Write("web.yaml", ServerDocument("web", "merged first"));
  repository.Commit("two");
  NextLook();
  request.set_dry_run(false);
  request.set_plan_digest(digest);
  const auto refused = world.Apply(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("the plan is stale"));
  EXPECT_THAT(world.Get("server", "web").object().spec(), HasSubstr("merged first"));
}

TEST_F(SourcesTest, ASourceWhoseControlPlaneDiedIsHeldByNobody) {
  control::testing::MemoryAgent& agent = world.AddAgent("web");
  agent.Hold(true);
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  EXPECT_EQ(View().state(), "converging");
  sources.reset();
  world.StartControl();
  world.link.Connect("web");
  agent.Hold(false);
  Restart();
  repository.Write("web.yaml", ServerDocument("web", "two"));
  const std::string two = repository.Commit("two");
  sources->RunDue();
  world.Settle();
  EXPECT_EQ(Applied(), two);
  world.Advance(std::chrono::minutes(10));
  EXPECT_EQ(View().state(), "synced");
  EXPECT_EQ(agent.files["/etc/motd"].content(), "two");
}

TEST_F(SourcesTest, ANewCommitDoesNotWaitForTheOneBefore) {
  control::testing::MemoryAgent& agent = world.AddAgent("web");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  agent.FailNext("server.file.write", 1000, false);
  repository.Write("web.yaml", ServerDocument("web", "never works"));
  repository.Commit("two");
  NextLook();
  EXPECT_EQ(View().state(), "converging");
  agent.FailNext("server.file.write", 0, false);
  repository.Write("web.yaml", ServerDocument("web", "works"));
  const std::string three = repository.Commit("three");
  NextLook();
  EXPECT_EQ(Applied(), three);
  world.Advance(std::chrono::minutes(1));
  EXPECT_EQ(agent.files["/etc/motd"].content(), "works");
  EXPECT_EQ(View().state(), "synced");
}

}  // namespace
}  // namespace podwright::sources
