// Previews from the pull request to the comment: what is written, when, and how often.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/previews/testing/preview_world.h"

namespace podwright::previews {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ServerDocument;
using ::testing::SizeIs;
using ::testing::StartsWith;

class PreviewsTest : public ::testing::Test, public testing::PreviewWorld {};

TEST_F(PreviewsTest, APullRequestGetsAStatusFirstAndThenOneComment) {
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  const std::string head = repository.Git({"rev-parse", "change"});
  PassInterval();
  const std::string text = Comment(one);
  EXPECT_THAT(text, StartsWith("<!-- podwright:preview:default/plans#1 -->"));
  EXPECT_THAT(text, AllOf(HasSubstr("**1 action on 1 server"), HasSubstr("/etc/motd"), HasSubstr(Digest(one)),
                          HasSubstr(head.substr(0, 12))));
  EXPECT_EQ(Status(head).state, forge::StatusState::kSuccess);
  EXPECT_EQ(Status(head).context, "podwright/plans");
  EXPECT_THAT(Status(head).description, StartsWith("1 action on 1 server"));
  ASSERT_THAT(forge.statuses(), SizeIs(1));
  EXPECT_EQ(forge.statuses().front().at, forge.writes().front());
  EXPECT_EQ(Pull(one).state(), "planned");
  EXPECT_EQ(Motd("web"), "hello") << "nothing unmerged is applied";
}

TEST_F(PreviewsTest, WhatIsSaidAlreadyIsNotWrittenAgainAlsoAfterARestart) {
  Begin();
  Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  const std::size_t writes = forge.writes().size();
  PassInterval();
  Restart();
  PassInterval();
  previews.reset();
  sources.reset();
  world.KillControl();
  world.StartControl();
  world.link.Connect("web");
  Restart();
  PassInterval();
  EXPECT_EQ(forge.writes().size(), writes);
}

TEST_F(PreviewsTest, ANewHeadEditsTheSameComment) {
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  const std::string before = Comment(one);
  const std::string head = Push(one, "change", "db.yaml", ServerDocument("db"));
  PassInterval();
  EXPECT_NE(Comment(one), before);
  EXPECT_THAT(Comment(one), AllOf(HasSubstr("2 actions on 2 servers"), HasSubstr(head.substr(0, 12))));
  EXPECT_EQ(Status(head).state, forge::StatusState::kSuccess);
}

TEST_F(PreviewsTest, ABaseThatMovesAndAFactThatChangesArePlannedAgain) {
  Begin();
  const auto one = Open("change", "db.yaml", ServerDocument("db"));
  PassInterval();
  const std::string before = Digest(one);
  Direct("web.yaml", ServerDocument("web", "directly"));
  PassInterval();
  EXPECT_EQ(Digest(one), before) << "what was pushed is applied: the pull request does the same as before";
  world.link.Find("db")->files["/etc/motd"].set_content("by hand");
  v1::ApplyRequest other = world.Request("cli:other");
  control::testing::World::PutServerFile(&other, "db", "by somebody else");
  ASSERT_TRUE(world.Apply(other).ok());
  Pass(std::chrono::seconds(20));
  EXPECT_THAT(Comment(one), AllOf(HasSubstr("cannot be applied"), HasSubstr("cli:other")));
}

TEST_F(PreviewsTest, AConflictAndBrokenDocumentsFailWithTheirPlaces) {
  Begin();
  const auto one = Open("conflict", "web.yaml", ServerDocument("web", "one"));
  Direct("web.yaml", ServerDocument("web", "two"));
  const auto two = Open("broken", "db.yaml",
                        "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: db}\nspec:\n  fils: {}\n");
  PassInterval();
  EXPECT_THAT(Comment(one), AllOf(HasSubstr("conflicts in 1 file"), HasSubstr("`web.yaml`")));
  EXPECT_EQ(Status(repository.Git({"rev-parse", "conflict"})).state, forge::StatusState::kFailure);
  EXPECT_THAT(Comment(two), AllOf(HasSubstr("db.yaml:5:3"), HasSubstr("files"), Not(HasSubstr("Digest:"))));
  EXPECT_EQ(Pull(two).state(), "failed");
  Push(two, "broken", "db.yaml", ServerDocument("db"));
  PassInterval();
  EXPECT_THAT(Comment(two), AllOf(HasSubstr("1 action"), HasSubstr("Digest:"), Not(HasSubstr("error"))));
}

TEST_F(PreviewsTest, ABranchWhoseCommitsAreNotSignedAsTheSourceWantsIsToldSo) {
  std::string ada;
  const std::string key = repository.MakeSshKey("ada", &ada);
  (*spec.mutable_verification()->mutable_signers())["ada"].set_ssh_key(ada);
  repository.SignWithSsh(key);
  Begin();
  const auto one = Open("signed", "db.yaml", ServerDocument("db"));
  repository.SignWithSsh("");
  const auto two = Open("unsigned", "web.yaml", ServerDocument("web", "two"));
  PassInterval();
  EXPECT_THAT(Comment(one), Not(HasSubstr("signed by")));
  EXPECT_THAT(Comment(two), AllOf(HasSubstr("\"change web.yaml\" is not trusted"), HasSubstr("the source stops"),
                                  HasSubstr("Digest:")));
}

TEST_F(PreviewsTest, APullRequestThatTouchesNothingOfTheSourceGetsAStatusOnly) {
  Begin();
  const auto one = Open("readme", "README.md", "words");
  PassInterval();
  EXPECT_THAT(Comments(one), IsEmpty());
  EXPECT_EQ(Status(repository.Git({"rev-parse", "readme"})).state, forge::StatusState::kSuccess);
}

TEST_F(PreviewsTest, ACommentWhoseCreationNobodyAnsweredIsNotMadeTwice) {
  Begin();
  const auto one = Open("change", "web.yaml", ServerDocument("web", "changed"));
  forge.FailAfter("CreateComment", Error(ErrorCode::kUnknown, "the connection broke", Retry::kBackoff));
  PassInterval();
  EXPECT_THAT(Comments(one), SizeIs(1));
  forge.FailBefore("SetStatus", Unavailable("down"), 3);
  const std::string head = Push(one, "change", "web.yaml", ServerDocument("web", "again"));
  PassInterval();
  Pass(std::chrono::minutes(3));
  EXPECT_EQ(Status(head).state, forge::StatusState::kSuccess);
  EXPECT_THAT(Comment(one), HasSubstr(head.substr(0, 12)));
}

TEST_F(PreviewsTest, AForgeThatFailsIsToldOfAndTriedAgain) {
  Begin();
  Open("change", "web.yaml", ServerDocument("web", "changed"));
  forge.FailBefore("ListOpen", Unauthenticated("the token has expired"), 4);
  PassInterval();
  EXPECT_EQ(Source().pull_requests_problem().reason(), "ForgeFailed");
  EXPECT_THAT(Source().pull_requests_problem().message(), HasSubstr("the token has expired"));
  Pass(std::chrono::minutes(3));
  EXPECT_FALSE(Source().has_pull_requests_problem());
  EXPECT_THAT(Comments(1), SizeIs(1));
}

// ---- forks ----

TEST_F(PreviewsTest, AForkIsNeitherFetchedNorPlannedBeforeSomebodyNamesItsHead) {
  Begin();
  const auto one = Open("fork", "web.yaml", ServerDocument("web", "strange"), true);
  const std::string head = repository.Git({"rev-parse", "fork"});
  PassInterval();
  EXPECT_THAT(Comment(one), AllOf(HasSubstr("podwright plan " + head.substr(0, 12)), Not(HasSubstr("strange"))));
  EXPECT_EQ(Status(head).state, forge::StatusState::kPending);
  forge.AddComment(one, "stranger", "podwright plan " + head.substr(0, 12));
  PassInterval();
  EXPECT_EQ(Pull(one).state(), "untrusted");
  forge.AddComment(one, "ada", "podwright plan");
  PassInterval();
  EXPECT_EQ(Pull(one).state(), "untrusted");
  EXPECT_THAT(Comment(one), HasSubstr("say which head"));
  forge.AddComment(one, "ada", "Looks fine.\npodwright plan " + head.substr(0, 12));
  PassInterval();
  EXPECT_EQ(Pull(one).state(), "planned");
  EXPECT_THAT(Comment(one), HasSubstr("1 action"));
  Push(one, "fork", "web.yaml", ServerDocument("web", "stranger still"));
  PassInterval();
  EXPECT_EQ(Pull(one).state(), "untrusted") << "only that head";
}

TEST_F(PreviewsTest, SealedValuesOfAForkStayClosed) {
  Begin();
  const auto one =
      Open("fork", "s.yaml",
           "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: theirs}\nspec:\n  sealed: pws1.AAAA\n", true);
  const std::string head = repository.Git({"rev-parse", "fork"});
  forge.AddComment(one, "ada", "podwright plan " + head.substr(0, 12));
  PassInterval();
  EXPECT_EQ(Pull(one).state(), "planned") << Comment(one);
  EXPECT_THAT(Comment(one), HasSubstr("is not opened before it is merged"));
}

TEST_F(PreviewsTest, ForksAreLeftAloneWhereTheSourceSaysSo) {
  spec.mutable_pull_requests()->set_forks("ignore");
  Begin();
  const auto one = Open("fork", "web.yaml", ServerDocument("web", "strange"), true);
  forge.AddComment(one, "ada", "podwright plan " + repository.Git({"rev-parse", "fork"}));
  PassInterval();
  EXPECT_THAT(Comments(one), IsEmpty());
  EXPECT_THAT(forge.statuses(), IsEmpty());
}

// ---- pages and text ----

TEST_F(PreviewsTest, ThePageIsFoundByItsLinkOnlyAndEverythingInItIsEscaped) {
  public_url = "https://podwright.example.org";
  Restart();
  Begin();
  const auto one = Open("change", "web.yaml",
                        "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: web}\nspec:\n  files:\n"
                        "    /etc/<script>alert(1)</script>: {content: x}\n");
  PassInterval();
  const std::string link = Pull(one).page();
  EXPECT_THAT(link, StartsWith("https://podwright.example.org/previews/default/plans/1/"));
  EXPECT_THAT(Comment(one), HasSubstr(link));
  const std::string token = link.substr(link.rfind('/') + 1);
  const auto page = previews->Page("default", "plans", 1, token);
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(*page, AllOf(HasSubstr("&lt;script&gt;"), Not(HasSubstr("<script"))));
  EXPECT_EQ(previews->Page("default", "plans", 1, std::string(32, 'a')).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(previews->Page("default", "plans", 1, "").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(previews->Page("default", "plans", 2, token).error().code(), ErrorCode::kNotFound);
}

TEST_F(PreviewsTest, NoSecretIsInAnythingThatIsWritten) {
  Begin();
  Open("change", "web.yaml", ServerDocument("web", "changed"));
  PassInterval();
  EXPECT_THAT(Comment(1) + Pull(1).text() + Source().DebugString(), Not(HasSubstr("forge-secret-value")));
}

}  // namespace
}  // namespace podwright::previews
