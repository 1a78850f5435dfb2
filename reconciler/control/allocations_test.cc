// What is decided once for an object: written with it, kept as long as it exists, the same in a dry run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/control/keys.h"
#include "reconciler/control/testing/world.h"
#include "reconciler/store/helpers.h"

namespace podwright::control::testing {
namespace {

using ::testing::HasSubstr;

class Allocations : public ::testing::Test {
 protected:
  Allocations() {
    for (const char* name : {"a", "b", "c"}) world.AddAgent(name);
    auto request = world.Request();
    for (const char* name : {"a", "b", "c"}) World::PutServer(&request, name);
    world.ApplyAndFinish(request);
  }
  v1::ApplyRequest Numbered(const std::vector<std::string>& servers, const std::string& payload = "x") {
    auto request = world.Request();
    auto widget = World::Widget(servers, payload);
    widget.set_numbered(true);
    World::PutWidget(&request, "lamp", widget);
    return request;
  }
  std::map<std::string, std::int64_t> Numbers() {
    const auto kv = store::Get(world.memory_store, keys::Allocation({"default", "widget", "lamp"})).value();
    podwright::testing::WidgetAllocation record;
    if (kv) record.ParseFromString(kv->value);
    return {record.numbers().begin(), record.numbers().end()};
  }
  World world;
};

TEST_F(Allocations, ADryRunShowsWhatAnApplyWillDecideAndWritesNothing) {
  auto request = Numbered({"b", "a"});
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  EXPECT_THAT(preview->plan().slices(0).actions(1).summary(), HasSubstr("on b as number 2"));
  EXPECT_TRUE(Numbers().empty());
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Numbers(), (std::map<std::string, std::int64_t>{{"a", 1}, {"b", 2}}));
}

TEST_F(Allocations, WhatWasGivenIsNotGivenToAnotherAndComesBackToItsFormerHolder) {
  world.ApplyAndFinish(Numbered({"a", "b"}));
  world.ApplyAndFinish(Numbered({"b"}));
  world.ApplyAndFinish(Numbered({"b", "c"}));
  EXPECT_EQ(Numbers()["c"], 3);
  world.ApplyAndFinish(Numbered({"a", "b", "c"}));
  EXPECT_EQ(Numbers(), (std::map<std::string, std::int64_t>{{"a", 1}, {"b", 2}, {"c", 3}}));
}

TEST_F(Allocations, TheyOutliveTheControlPlaneAndGoWithTheObject) {
  world.ApplyAndFinish(Numbered({"a", "b"}));
  world.ApplyAndFinish(Numbered({"b"}));
  world.KillControl();
  world.StartControl();
  for (const char* name : {"a", "b", "c"}) world.link.Connect(name);
  EXPECT_EQ(world.ApplyAndFinish(Numbered({"b", "c"})).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Numbers()["c"], 3);
  auto request = world.Request();
  World::Delete(&request, "widget", "lamp");
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_TRUE(Numbers().empty());
  world.ApplyAndFinish(Numbered({"c"}));
  EXPECT_EQ(Numbers(), (std::map<std::string, std::int64_t>{{"c", 1}}));
}

}  // namespace
}  // namespace podwright::control::testing
