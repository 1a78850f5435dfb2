// What a source may take over from another owner.
#include <gmock/gmock.h>

#include "podwright/v1/transfer.pb.h"
#include "reconciler/sources/sources_fixture.h"

namespace podwright::sources {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TakingTest : public SourcesTest {
 protected:
  // server/web of tofu:shop, as ServerDocument says it.
  void MakeWeb() {
    v1::ApplyRequest request = world.Request("tofu:shop");
    control::testing::World::PutServerFile(&request, "web", "hello");
    ASSERT_TRUE(world.Apply(request).ok());
    world.Settle();
  }
  Result<std::vector<std::string>> Check() {
    v1::ObjectRef web;
    web.set_kind("server");
    web.set_name("web");
    return sources->CheckTaking("default", "plans", {web});
  }
  std::string Refusal() {
    const auto checked = Check();
    return checked.ok() ? "" : checked.error().message();
  }
  void Transfer(const std::string& to) {
    v1::TransferRequest request;
    request.set_to(to);
    request.add_objects()->set_kind("server");
    request.mutable_objects(0)->set_name("web");
    const auto done = world.control().Transfer(world.admin, request);
    ASSERT_TRUE(done.ok()) << done.error().ToString();
  }
};

TEST_F(TakingTest, ASourceTakesWhatItsCommitDeclaresAndGoesOnWithIt) {
  MakeWeb();
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  PutSource();
  EXPECT_EQ(Problem(), "Refused");
  const auto checked = Check();
  ASSERT_TRUE(checked.ok()) << checked.error().ToString();
  Transfer("git:plans");
  NextLook();
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(Applied(), one);
  EXPECT_TRUE(Wanted("web"));
}

TEST_F(TakingTest, ASourceDoesNotTakeWhatItWouldDelete) {
  MakeWeb();
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("one");
  PutSource();
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("git:plans does not declare server/web"), HasSubstr("would delete")));
  spec.set_prune(false);
  PutSource();
  const auto checked = Check();
  ASSERT_TRUE(checked.ok()) << checked.error().ToString();
  EXPECT_THAT(*checked, ElementsAre(HasSubstr("`prune` is false")));
}

TEST_F(TakingTest, WhatTheDocumentSaysOtherwiseIsToldBefore) {
  MakeWeb();
  repository.Write("web.yaml", ServerDocument("web", "changed"));
  repository.Commit("one");
  PutSource();
  const auto checked = Check();
  ASSERT_TRUE(checked.ok()) << checked.error().ToString();
  EXPECT_THAT(*checked, ElementsAre(AllOf(HasSubstr("server/web"), HasSubstr("something else"))));
}

TEST_F(TakingTest, ASourceThatMayNotApplyThatCommitNextTakesNothing) {
  MakeWeb();
  repository.Write("db.yaml", ServerDocument("db"));
  const std::string one = repository.Commit("one");
  PutSource();
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("two");
  NextLook();
  EXPECT_EQ(Refusal(), "");
  Pin(one);
  EXPECT_THAT(Refusal(), HasSubstr("is pinned"));
  ASSERT_TRUE(sources->Release("default", "plans").ok());
  v1::SuspendSourceRequest suspend;
  suspend.set_workspace("default");
  suspend.set_name("plans");
  suspend.set_suspend(true);
  ASSERT_TRUE(sources->Suspend("token:ada", suspend).ok());
  EXPECT_THAT(Refusal(), HasSubstr("is suspended"));
  suspend.set_suspend(false);
  ASSERT_TRUE(sources->Suspend("token:ada", suspend).ok());
  repository.Write("bad.yaml", "kind: Nothing\n");
  repository.Commit("three");
  NextLook();
  EXPECT_THAT(Refusal(), HasSubstr("is held up (BrokenDocuments)"));
  EXPECT_EQ(sources->CheckTaking("default", "nobody", {}).error().code(), ErrorCode::kNotFound);
}

TEST_F(TakingTest, WhatASourceGaveAwayIsRefusedAndNeverDeleted) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("one");
  PutSource();
  Transfer("tofu:shop");
  NextLook();
  EXPECT_EQ(Problem(), "");
  repository.Write("db.yaml", ServerDocument("db", "changed"));
  repository.Commit("two");
  NextLook();
  EXPECT_EQ(Problem(), "Refused");
  EXPECT_THAT(Message(), HasSubstr("server/web belongs to tofu:shop"));
  repository.Remove("web.yaml");
  const std::string three = repository.Commit("three");
  NextLook();
  EXPECT_EQ(Applied(), three);
  EXPECT_TRUE(Wanted("web"));
  EXPECT_EQ(world.Get("server", "web").object().owner(), "tofu:shop");
}

}  // namespace
}  // namespace podwright::sources
