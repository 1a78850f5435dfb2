// Sources from the push to what is wanted.
#include <gmock/gmock.h>

#include "reconciler/sources/sources_fixture.h"

namespace podwright::sources {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

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
  EXPECT_THAT(Message(), AllOf(HasSubstr("tofu:shop"), HasSubstr("podwright transfer")));
}

}  // namespace
}  // namespace podwright::sources
