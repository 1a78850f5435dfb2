// Secrets that a kind needs for itself: made with the object, gone with it, in nobody's reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using ::testing::Contains;

class InternalSecrets : public ::testing::Test {
 protected:
  InternalSecrets() {
    agent = &world.AddAgent("a");
    auto request = world.Request();
    World::PutServer(&request, "a");
    world.ApplyAndFinish(request);
  }
  v1::ApplyRequest Locked(const std::string& payload = "x") {
    auto request = world.Request();
    auto widget = World::Widget({"a"}, payload);
    widget.set_locked(true);
    World::PutWidget(&request, "lamp", widget);
    return request;
  }
  void Delete() {
    auto request = world.Request();
    World::Delete(&request, "widget", "lamp");
    EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  }
  World world;
  MemoryAgent* agent = nullptr;
};

TEST_F(InternalSecrets, ADryRunShowsTheVersionAndTheApplyOfItsDigestMakesIt) {
  auto request = Locked();
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  const v1::Action& action = preview->plan().slices(0).actions(0);
  ASSERT_EQ(action.secrets_size(), 1);
  EXPECT_EQ(action.secrets(0).name(), "widget.lamp.key");
  EXPECT_EQ(action.secrets(0).version(), 1);
  EXPECT_EQ(world.Apply(request)->plan().digest(), preview->plan().digest());
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(agent->delivered(), Contains("widget.lamp.key/1"));
}

TEST_F(InternalSecrets, ItIsMadeOnceAndOutlivesTheControlPlane) {
  world.ApplyAndFinish(Locked());
  world.ApplyAndFinish(Locked("y"));
  world.KillControl();
  world.StartControl();
  world.link.Connect("a");
  EXPECT_EQ(world.ApplyAndFinish(Locked("z")).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent->delivered().count("widget.lamp.key/2"), 0U);
}

TEST_F(InternalSecrets, ItGoesWithTheObjectAndTheNextOneHasANewVersionAsItsDryRunSays) {
  world.ApplyAndFinish(Locked());
  Delete();
  auto request = Locked();
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->plan().slices(0).actions(0).secrets(0).version(), 2);
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(agent->delivered(), Contains("widget.lamp.key/2"));
}

TEST_F(InternalSecrets, NobodyReadsOrChangesIt) {
  world.ApplyAndFinish(Locked());
  v1::RevealSecretRequest reveal;
  reveal.set_name("widget.lamp.key");
  EXPECT_EQ(world.control().RevealSecret(world.admin, reveal).error().code(), ErrorCode::kNotFound);
  v1::SetSecretRequest set;
  set.set_name("widget.lamp.key");
  set.set_value("mine");
  EXPECT_EQ(world.control().SetSecret(world.admin, set).error().code(), ErrorCode::kNotFound);
  v1::RotateSecretRequest rotate;
  rotate.set_name("widget.lamp.key");
  EXPECT_EQ(world.control().RotateSecret(world.admin, rotate).error().code(), ErrorCode::kNotFound);
  auto request = world.Request();
  World::Put(&request, "secret", "widget.lamp.key", v1::kinds::SecretSpec());
  EXPECT_FALSE(world.Apply(request).ok());
}

TEST_F(InternalSecrets, ADeletedDeclaredSecretComesBackWithTheVersionThatItsDryRunSays) {
  auto request = world.Request();
  v1::kinds::SecretSpec spec;
  spec.mutable_generator()->set_length(20);
  World::Put(&request, "secret", "password", spec);
  ASSERT_TRUE(world.Apply(request).ok());
  auto gone = world.Request();
  World::Delete(&gone, "secret", "password");
  world.ApplyAndFinish(gone);
  world.Advance(std::chrono::hours(1));
  v1::kinds::ServerSpec server;
  (*server.mutable_secrets())["/etc/password"].set_secret("password");
  World::Put(&request, "server", "a", server);
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok()) << preview.error().ToString();
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  EXPECT_EQ(world.ApplyAndFinish(request).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(agent->secrets.at("/etc/password").second, 2);
}

}  // namespace
}  // namespace podwright::control::testing
