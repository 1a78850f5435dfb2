// All families together: release, guards, what is no message.
#include "agent/drivers/server/server_driver_fixture.h"
#include "core/digest.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test

TEST_F(ServerDriverTest, ReleaseTakesAwayAllThatPodwrightBroughtAndNothingElse) {
  host_.files["/etc/motd"] = {host::FileType::kFile, "theirs", {}, 1};
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "ours")).ok());
  ASSERT_TRUE(Run("server.file.write", File("/srv/app/x", "ours")).ok());
  ASSERT_TRUE(Run("server.secret.deliver", SecretFile("/srv/app/secret", "s")).ok());
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  PackageAction package;
  package.set_name("nginx");
  ASSERT_TRUE(Run("server.package.install", package).ok());
  ReleaseAction release;
  const auto done = Run("server.agent.release", release);
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_TRUE(done->forget_object);
  EXPECT_FALSE(host_.files.contains("/srv/app"));
  EXPECT_FALSE(host_.firewall.has_value());
  EXPECT_FALSE(host_.packages.contains("nginx"));
  EXPECT_TRUE(host_.files.contains("/etc/motd"));
  EXPECT_EQ(state_.managed_size(), 0);
}

TEST_F(ServerDriverTest, ReleaseThatKeepsTouchesNothing) {
  ASSERT_TRUE(Run("server.file.write", File("/srv/app/x", "ours")).ok());
  ReleaseAction release;
  release.set_keep(true);
  ASSERT_TRUE(Run("server.agent.release", release)->forget_object);
  EXPECT_TRUE(host_.files.contains("/srv/app/x"));
}

TEST_F(ServerDriverTest, GuardsAreReadFromTheServer) {
  host_.files["/etc/motd"] = {host::FileType::kFile, "x", {}, 1};
  EXPECT_EQ(*driver_->Fact("file.sha256:/etc/motd", state_), Sha256("x").Hex());
  EXPECT_EQ(*driver_->Fact("file.sha256:/etc/none", state_), "");
  EXPECT_EQ(*driver_->Fact("unit.active:nginx.service", state_), "false");
  EXPECT_EQ(*driver_->Fact("unit.active:none.service", state_), "");
  EXPECT_EQ(*driver_->Fact("package.version:nginx", state_), "");
  EXPECT_EQ(*driver_->Fact("sysctl.value:net.core.somaxconn", state_), "4096");
  EXPECT_FALSE(driver_->Fact("moon.phase:full", state_).ok());
}

TEST_F(ServerDriverTest, NothingIsRepairedBeforeAnythingIsConfirmed) {
  File("/etc/motd", "ours");
  state_.set_watched_spec(spec_.SerializeAsString());
  EXPECT_TRUE(RepairAll().empty());
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriverTest, SpecAndPayloadThatAreNoMessagesAreErrors) {
  v1::Dispatch dispatch;
  dispatch.mutable_action()->set_verb("server.file.write");
  dispatch.mutable_action()->set_payload("\xff\xff\xff");
  EXPECT_FALSE(driver_->Prove(dispatch, state_).ok());
  EXPECT_FALSE(driver_->Observe(state_, "\xff\xff\xff").ok());
}

}  // namespace
}  // namespace podwright::drivers
