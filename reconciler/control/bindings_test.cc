// Late-bound values: found in what drivers observed, when the action is dispatched.
#include "reconciler/control/bindings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using ::testing::HasSubstr;

v1::kinds::ServerObserved Observed() {
  v1::kinds::ServerObserved observed;
  observed.set_os("debian 12");
  observed.add_addresses("192.0.2.1");
  observed.add_addresses("192.0.2.2");
  (*observed.mutable_files())["/etc/a~b"].set_sha256("abc");
  (*observed.mutable_users())["app"].set_uid(1001);
  (*observed.mutable_units())["x.service"].set_active(true);
  (*observed.mutable_units())["x.service"].set_invocation_id("1");
  (*observed.mutable_packages())["nginx"] = "1.22";
  return observed;
}

TEST(ValueAt, FieldsListsAndMapsAreFollowed) {
  const auto observed = Observed();
  EXPECT_EQ(ValueAt(observed, "os").value(), "debian 12");
  EXPECT_EQ(ValueAt(observed, "addresses/1").value(), "192.0.2.2");
  EXPECT_EQ(ValueAt(observed, "packages/nginx").value(), "1.22");
  EXPECT_EQ(ValueAt(observed, "users/app/uid").value(), "1001");
  EXPECT_EQ(ValueAt(observed, "units/x.service/active").value(), "true");
  EXPECT_EQ(ValueAt(observed, "files/~1etc~1a~0b/sha256").value(), "abc");
}

TEST(ValueAt, WhatIsNotThereIsNotFoundAndWhatCannotBeIsInvalid) {
  const auto observed = Observed();
  for (const char* path : {"firewall", "addresses/2", "packages/apache2", "users/app/shell"}) {
    EXPECT_EQ(ValueAt(observed, path).error().code(), ErrorCode::kNotFound) << path;
  }
  for (const char* path : {"", "nothing", "os/more", "addresses", "addresses/x", "addresses/-1", "packages",
                           "users/app", "units/x.service/invocation_id", "addresses/0/more"}) {
    EXPECT_EQ(ValueAt(observed, path).error().code(), ErrorCode::kInvalidArgument) << path;
  }
}

TEST(Bindings, AnActionIsHandedWhatAnEarlierActionOfTheSameRunMade) {
  World world;
  world.AddAgent("web-1");
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutWidget(&request, "source", World::Widget({"web-1"}, "made here"));
  auto copy = World::Widget({"web-1"}, "own");
  copy.set_copies("source");
  World::PutWidget(&request, "copy", copy);
  const v1::Run run = world.ApplyAndFinish(request);
  ASSERT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(world.link.Find("web-1")->bound["copy"]["payload"], "made here");
}

TEST(Bindings, TheValueIsNoPartOfThePlansDigest) {
  World world;
  world.AddAgent("web-1");
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutWidget(&request, "source", World::Widget({"web-1"}, "made here"));
  world.ApplyAndFinish(request);
  auto copying = world.Request();
  auto copy = World::Widget({"web-1"}, "own");
  copy.set_copies("source");
  World::PutWidget(&copying, "copy", copy);
  copying.set_dry_run(true);
  const auto before = world.Apply(copying);
  ASSERT_TRUE(before.ok());
  world.link.Find("web-1")->widgets["source"] = "another";
  world.link.Find("web-1")->CheckDrift(false);
  world.Settle();
  const auto after = world.Apply(copying);
  ASSERT_TRUE(after.ok());
  const auto digest_of = [](const v1::ApplyResponse& response) {
    for (const auto& slice : response.plan().slices()) {
      if (slice.object().name() == "copy") return slice.digest();
    }
    return std::string();
  };
  EXPECT_NE(digest_of(*before), "");
  EXPECT_EQ(digest_of(*before), digest_of(*after));
}

TEST(Bindings, WhatWasNeverObservedIsAskedForFirst) {
  World world;
  world.AddAgent("web-1");
  world.AddAgent("web-2");
  world.link.Find("web-1")->widgets["source"] = "found there";
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutServer(&request, "web-2");
  World::PutWidget(&request, "source", World::Widget({"web-2"}, "elsewhere"));
  auto copy = World::Widget({"web-1"}, "own");
  copy.set_copies("source");
  World::PutWidget(&request, "copy", copy);
  EXPECT_NE(world.ApplyAndFinish(request).state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(world.link.Find("web-1")->bound["copy"]["payload"], "found there");
}

TEST(Bindings, AMissingValueFailsTheActionInClearWords) {
  World world;
  world.AddAgent("web-1");
  world.AddAgent("web-2");
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutServer(&request, "web-2");
  World::PutWidget(&request, "source", World::Widget({"web-2"}, "elsewhere"));
  auto copy = World::Widget({"web-1"}, "own");
  copy.set_copies("source");
  World::PutWidget(&request, "copy", copy);
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_FAILED);
  EXPECT_THAT(run.error(), HasSubstr("it needs payload of widget/source on web-1"));
  EXPECT_FALSE(world.link.Find("web-1")->widgets.contains("copy"));
}

}  // namespace
}  // namespace podwright::control::testing
