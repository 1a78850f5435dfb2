#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/transfer.pb.h"
#include "reconciler/control/testing/world.h"

namespace podwright::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::World;

class TransferTest : public ::testing::Test {
 protected:
  TransferTest() {
    world.AddAgent("web-1");
    auto request = world.Request("cli:base");
    World::PutServer(&request, "web-1");
    world.ApplyAndFinish(request);
  }

  // Ready, as the owner's.
  void Make(const std::string& name, const std::string& owner = "cli:test") {
    auto request = world.Request(owner);
    World::PutWidget(&request, name, World::Widget({"web-1"}, "on"));
    world.ApplyAndFinish(request);
  }
  static v1::TransferRequest To(const std::string& owner, const std::vector<std::string>& names) {
    v1::TransferRequest request;
    request.set_to(owner);
    for (const std::string& name : names) {
      v1::ObjectRef& ref = *request.add_objects();
      ref.set_kind("widget");
      ref.set_name(name);
    }
    return request;
  }
  Result<v1::TransferResponse> Transfer(const v1::TransferRequest& request) {
    return world.control().Transfer(world.admin, request);
  }
  std::string OwnerOf(const std::string& name) { return world.Get("widget", name).object().owner(); }

  World world;
};

TEST_F(TransferTest, SeveralObjectsOfSeveralOwnersGoInOneRevisionAndNothingElseChanges) {
  Make("lamp");
  Make("fan", "tofu:shop");
  const v1::ObjectView before = world.Get("widget", "lamp");
  const auto done = Transfer(To("git:plans", {"lamp", "fan"}));
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_EQ(done->transferred_size(), 2);
  const v1::ObjectView lamp = world.Get("widget", "lamp");
  EXPECT_EQ(lamp.object().owner(), "git:plans");
  EXPECT_EQ(OwnerOf("fan"), "git:plans");
  EXPECT_EQ(lamp.revision(), done->revision());
  EXPECT_EQ(world.Get("widget", "fan").revision(), done->revision());
  EXPECT_EQ(lamp.object().generation(), before.object().generation());
  EXPECT_EQ(lamp.last_run(), before.last_run());
  EXPECT_EQ(lamp.phase(), v1::PHASE_READY);
  EXPECT_EQ(world.CountEvents("object.transferred"), 2);
  const auto audit = world.Audit();
  EXPECT_EQ(audit.back().event.verb, "transfer");
  EXPECT_EQ(audit.back().event.outcome, "ok");
  EXPECT_THAT(audit.back().event.object, HasSubstr("git:plans widget/lamp widget/fan"));
  // The plan is the one of before: nothing to do.
  auto again = world.Request("git:plans");
  World::PutWidget(&again, "lamp", World::Widget({"web-1"}, "on"));
  World::PutWidget(&again, "fan", World::Widget({"web-1"}, "on"));
  const auto applied = world.Apply(again);
  ASSERT_TRUE(applied.ok()) << applied.error().ToString();
  EXPECT_EQ(applied->run(), "");
}

TEST_F(TransferTest, TheRunThatWorksOnAnObjectGoesOn) {
  auto request = world.Request("cli:test");
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "on"));
  const auto applied = world.Apply(request);
  ASSERT_TRUE(applied.ok());
  ASSERT_TRUE(Transfer(To("tofu:shop", {"lamp"})).ok());
  EXPECT_EQ(world.Finish(applied->run()).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(OwnerOf("lamp"), "tofu:shop");
}

TEST_F(TransferTest, OneThatCannotGoKeepsAllAndEachIsNamed) {
  Make("lamp");
  Make("fan", "tofu:shop");
  auto request = To("git:plans", {"lamp", "fan", "ghost"});
  request.set_from("cli:test");
  const auto refused = Transfer(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("widget/fan belongs to tofu:shop, not to cli:test"));
  EXPECT_THAT(refused.error().message(), HasSubstr("there is no widget/ghost"));
  EXPECT_THAT(refused.error().message(), HasSubstr("nothing was transferred"));
  EXPECT_EQ(OwnerOf("lamp"), "cli:test");
  EXPECT_EQ(world.Audit().back().event.outcome, "failed");
}

TEST_F(TransferTest, AllThatAnOwnerHasGoesWithoutNames) {
  Make("lamp");
  Make("fan");
  Make("bell", "tofu:shop");
  auto request = To("cli:other", {});
  EXPECT_EQ(Transfer(request).error().code(), ErrorCode::kInvalidArgument);
  request.set_from("cli:test");
  const auto done = Transfer(request);
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_EQ(done->transferred_size(), 2);
  EXPECT_EQ(OwnerOf("bell"), "tofu:shop");
  EXPECT_EQ(Transfer(request).error().code(), ErrorCode::kNotFound);
}

TEST_F(TransferTest, ADryRunChecksAndChangesNothing) {
  Make("lamp");
  auto request = To("git:plans", {"lamp"});
  request.set_dry_run(true);
  const auto shown = Transfer(request);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->transferred(0).from(), "cli:test");
  EXPECT_THAT(shown->warnings(), ElementsAre(HasSubstr("cli:test: take the documents out of its folder")));
  EXPECT_EQ(OwnerOf("lamp"), "cli:test");
}

TEST_F(TransferTest, AgainIsNoChange) {
  Make("lamp");
  ASSERT_TRUE(Transfer(To("tofu:shop", {"lamp"})).ok());
  const auto again = Transfer(To("tofu:shop", {"lamp"}));
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_THAT(again->transferred(), IsEmpty());
  EXPECT_EQ(world.CountEvents("object.transferred"), 1);
}

TEST_F(TransferTest, WhatIsBeingDeletedOrWasChangedStays) {
  Make("lamp");
  auto request = To("tofu:shop", {"lamp"});
  (*request.mutable_expected_revisions())["widget/lamp"] = world.Get("widget", "lamp").revision() - 1;
  EXPECT_THAT(Transfer(request).error().message(), HasSubstr("was changed by somebody else"));
  auto deletion = world.Request("cli:test");
  World::Delete(&deletion, "widget", "lamp");
  ASSERT_TRUE(world.Apply(deletion).ok());
  EXPECT_THAT(Transfer(To("tofu:shop", {"lamp"})).error().message(), HasSubstr("is being deleted by cli:test"));
}

TEST_F(TransferTest, OnlyAnOperatorTransfersAndOwnersHaveAForm) {
  Make("lamp");
  const Caller planner{"token:ci", Role::kPlanner, "default", ""};
  EXPECT_EQ(world.control().Transfer(planner, To("tofu:shop", {"lamp"})).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(Transfer(To("shop", {"lamp"})).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Transfer(To("tofu:shop", {"No Name"})).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(TransferTest, ASurvivorOfACrashHasItsNewOwner) {
  Make("lamp");
  ASSERT_TRUE(Transfer(To("tofu:shop", {"lamp"})).ok());
  world.KillControl();
  world.StartControl();
  EXPECT_EQ(OwnerOf("lamp"), "tofu:shop");
}

}  // namespace
}  // namespace podwright::control
