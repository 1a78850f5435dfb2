// What runs on a server and who may reach it: units, users, kernel parameters, firewall.
#include "agent/drivers/server/server_driver_fixture.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test

// ---- units ----

UnitAction Unit(bool enabled, bool running) {
  UnitAction action;
  action.set_unit("nginx.service");
  action.set_enabled(enabled);
  action.set_running(running);
  return action;
}

TEST_F(ServerDriverTest, UnitIsEnabledAndStartedAndDisabledWhenNoLongerDeclared) {
  (*spec_.mutable_units())["nginx.service"];
  ASSERT_TRUE(Run("server.unit.set", Unit(true, true)).ok());
  EXPECT_TRUE(Observed().units().at("nginx.service").active());
  EXPECT_TRUE(Observed().units().at("nginx.service").enabled());
  EXPECT_TRUE(Managed("unit:nginx.service"));
  spec_.clear_units();
  ASSERT_TRUE(Run("server.unit.set", Unit(false, false)).ok());
  EXPECT_FALSE(host_.units["nginx.service"].state.Active());
  EXPECT_FALSE(Managed("unit:nginx.service"));
}

TEST_F(ServerDriverTest, UnitThatSystemdDoesNotKnowIsLookedForAgainAndThenAnError) {
  (*spec_.mutable_units())["none.service"];
  UnitAction action;
  action.set_unit("none.service");
  action.set_running(true);
  const auto done = Run("server.unit.set", action);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(host_.Count("units.daemon-reload"), 1);
  EXPECT_EQ(done.error().retry(), Retry::kBackoff);
}

TEST_F(ServerDriverTest, RestartIsMeasuredAndNotDoneTwiceForOneAction) {
  host_.units["nginx.service"].state.active_state = "active";
  host_.units["nginx.service"].state.invocation_id = "old";
  UnitAction action;
  action.set_unit("nginx.service");
  const auto dispatch = Dispatch("server.unit.restart", action);
  const auto done = Run(dispatch);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->downtime, std::chrono::milliseconds(1000));
  // The agent was killed before it could tell; the action comes again with what was noted before it.
  const auto again = Run(dispatch, true);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->changed);
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 1);
}

TEST_F(ServerDriverTest, RestartThatWasNotDoneBeforeTheCrashIsDone) {
  host_.units["nginx.service"].state.active_state = "active";
  host_.units["nginx.service"].state.invocation_id = "old";
  UnitAction action;
  action.set_unit("nginx.service");
  const auto dispatch = Dispatch("server.unit.restart", action);
  proof_ = *driver_->Prove(dispatch, state_);
  ASSERT_TRUE(Run(dispatch, true).ok());
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 1);
}

TEST_F(ServerDriverTest, StoppedServiceIsStartedAgainAndARunningOneNeverRestarted) {
  (*spec_.mutable_units())["nginx.service"];
  ASSERT_TRUE(Run("server.unit.set", Unit(true, true)).ok());
  host_.units["nginx.service"].state.active_state = "inactive";
  EXPECT_EQ(Drift().size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_TRUE(host_.units["nginx.service"].state.Active());
  host_.units["nginx.service"].state.unit_file_state = "disabled";
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_TRUE(Drift().empty());
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 0);
}

TEST_F(ServerDriverTest, ServiceThatShouldNotRunIsToldAndNotStopped) {
  (*spec_.mutable_units())["nginx.service"].set_running(false);
  ASSERT_TRUE(Run("server.unit.set", Unit(true, false)).ok());
  host_.units["nginx.service"].state.active_state = "active";
  EXPECT_EQ(Drift().size(), 1U);
  EXPECT_TRUE(RepairAll().empty());
  EXPECT_TRUE(host_.units["nginx.service"].state.Active());
}

TEST_F(ServerDriverTest, ChangedFileIsOwedUntilItsUnitHasReadIt) {
  (*spec_.mutable_units())["nginx.service"];
  ASSERT_TRUE(Run("server.unit.set", Unit(true, true)).ok());
  File("/etc/nginx.conf", "x");
  spec_.mutable_files()->at("/etc/nginx.conf").add_restarts("nginx.service");
  ASSERT_TRUE(Run("server.file.write", File("/etc/nginx.conf", "x")).ok());
  EXPECT_EQ(Observed().units().at("nginx.service").owed(), "restart");
  UnitAction action;
  action.set_unit("nginx.service");
  ASSERT_TRUE(Run("server.unit.restart", action).ok());
  EXPECT_FALSE(Observed().units().at("nginx.service").has_owed());
  // A start by anybody reads the file too.
  ASSERT_TRUE(Run("server.file.write", File("/etc/nginx.conf", "y")).ok());
  EXPECT_EQ(Observed().units().at("nginx.service").owed(), "restart");
  ASSERT_TRUE(host_.View().units.Restart("nginx.service").ok());
  EXPECT_FALSE(Observed().units().at("nginx.service").has_owed());
}

// ---- users ----

TEST_F(ServerDriverTest, UserIsMadeWithKeysThatAreTheUsersAlone) {
  auto& user = (*spec_.mutable_users())["app"];
  user.add_groups("adm");
  user.add_authorized_keys("ssh-ed25519 AAAA me");
  UserAction action;
  action.set_name("app");
  *action.mutable_user() = user;
  action.set_manage_keys(true);
  ASSERT_TRUE(Run("server.user.ensure", action).ok());
  const ServerObservedUser found = Observed().users().at("app");
  EXPECT_EQ(found.shell(), "/bin/bash");
  EXPECT_EQ(found.home(), "/home/app");
  EXPECT_EQ(found.groups(0), "adm");
  EXPECT_EQ(found.authorized_keys(0), "ssh-ed25519 AAAA me");
  const auto& keys = host_.files["/home/app/.ssh/authorized_keys"];
  EXPECT_EQ(keys.attributes.mode, 0600U);
  EXPECT_EQ(keys.attributes.owner, "app");
  EXPECT_EQ(host_.files["/home/app/.ssh"].attributes.mode, 0700U);
  EXPECT_TRUE(Managed("user:app"));

  host_.files["/home/app/.ssh/authorized_keys"].content += "ssh-ed25519 BBBB them\n";
  host_.users["app"].shell = "/bin/false";
  EXPECT_EQ(Drift().size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_TRUE(Drift().empty());

  ASSERT_TRUE(Run("server.user.remove", action).ok());
  EXPECT_FALSE(host_.users.contains("app"));
  EXPECT_TRUE(host_.files.contains("/home/app")) << "the home folder stays";
}

TEST_F(ServerDriverTest, UserWhoWasThereKeepsTheHomeAndIsNotRemoved) {
  host_.users["admin"] = {1000, "root", "/var/admin", "/bin/sh", {}};
  UserAction action;
  action.set_name("admin");
  action.mutable_user()->set_shell("/bin/bash");
  EXPECT_TRUE(Run("server.user.ensure", action)->changed);
  EXPECT_EQ(host_.users["admin"].home, "/var/admin");
  EXPECT_FALSE(Run("server.user.remove", action)->changed);
  EXPECT_TRUE(host_.users.contains("admin"));
}

TEST_F(ServerDriverTest, AccountThatWasMadeIsOursAlsoWhenItsKeysFail) {
  UserAction action;
  action.set_name("app");
  action.mutable_user()->add_authorized_keys("ssh-ed25519 AAAA me");
  action.set_manage_keys(true);
  host_.Fail("files.write", ResourceExhausted("No space left on device"));
  EXPECT_FALSE(Run("server.user.ensure", action).ok());
  EXPECT_TRUE(Managed("user:app"));
}

// ---- sysctl ----

TEST_F(ServerDriverTest, KernelParameterIsSetKeptAndPutBack) {
  (*spec_.mutable_sysctl())["net.core.somaxconn"] = "8192";
  SysctlAction action;
  action.set_key("net.core.somaxconn");
  action.set_value("8192");
  EXPECT_TRUE(Run("server.sysctl.set", action)->changed);
  EXPECT_EQ(host_.sysctls["net.core.somaxconn"], "8192");
  EXPECT_NE(host_.files["/etc/sysctl.d/60-podwright.conf"].content.find("net.core.somaxconn = 8192\n"),
            std::string::npos);
  host_.sysctls["net.core.somaxconn"] = "1";
  ASSERT_EQ(RepairAll().size(), 1U);
  host_.files.erase("/etc/sysctl.d/60-podwright.conf");
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_TRUE(Drift().empty());
  ASSERT_TRUE(Run("server.sysctl.remove", action).ok());
  EXPECT_EQ(host_.sysctls["net.core.somaxconn"], "4096") << "as it was before Podwright";
  EXPECT_FALSE(host_.files.contains("/etc/sysctl.d/60-podwright.conf"));
}

TEST_F(ServerDriverTest, UnknownKernelParameterIsAnErrorAndNotKept) {
  SysctlAction action;
  action.set_key("net.core.none");
  action.set_value("1");
  EXPECT_FALSE(Run("server.sysctl.set", action).ok());
  EXPECT_FALSE(host_.files.contains("/etc/sysctl.d/60-podwright.conf"));
}

// ---- firewall ----

TEST_F(ServerDriverTest, WhatServicesNeedOutlastsARepairAndASpecThatDoesNotNameThem) {
  v1::kinds::FirewallAction payload = Firewall(80);
  (*payload.mutable_services())["database-orders-tcp-5432"].set_port(5432);
  ASSERT_TRUE(Run("server.firewall.apply", payload).ok());
  EXPECT_TRUE(Drift().empty());
  const auto wanted = host_.firewall;
  host_.firewall.reset();
  RepairAll();
  EXPECT_EQ(host_.firewall, wanted);
}

TEST_F(ServerDriverTest, FirewallIsConfirmedOverAFreshConnectionWhileATimerWaits) {
  while_probing_ = [this] {
    EXPECT_TRUE(host_.timers.contains("podwright-firewall-revert"));
    EXPECT_EQ(host_.files["/var/lib/podwright-agent/firewall-previous.nft"].attributes.mode, 0600U);
  };
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  EXPECT_TRUE(host_.timers.empty());
  EXPECT_EQ(Observed().firewall(), kinds::FirewallDigest(*kinds::WantedFirewall(Declared())));
  EXPECT_TRUE(Managed("firewall:"));
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriverTest, FirewallThatCutsTheServerOffIsTakenBack) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  const auto before = host_.firewall;
  reachable_ = false;
  const auto done = Run("server.firewall.apply", Firewall(81));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(host_.firewall, before);
  EXPECT_TRUE(host_.timers.empty());
  RepairAll();
  EXPECT_EQ(host_.firewall, before) << "what was not confirmed is not repaired against";
}

TEST_F(ServerDriverTest, FirewallOfAKilledAgentIsTakenBackByTheTimer) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  const auto before = host_.firewall;
  while_probing_ = [this] { host_.FireTimer("podwright-firewall-revert"); };
  reachable_ = false;
  EXPECT_FALSE(Run("server.firewall.apply", Firewall(81)).ok());
  EXPECT_EQ(host_.firewall, before);
}

TEST_F(ServerDriverTest, ASecondTryKeepsWhatTheFirstNotedToGoBackTo) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  const auto before = host_.firewall;
  const auto dispatch = Dispatch("server.firewall.apply", Firewall(81));
  // Killed between the new rules and their confirmation: the timer still waits.
  proof_ = *driver_->Prove(dispatch, state_);
  const auto script = host_.View().firewall.RestoreScript();
  host_.files["/var/lib/podwright-agent/firewall-previous.nft"] = {host::FileType::kFile, *script, {0600}, 1};
  ASSERT_TRUE(host_.View().units.ArmTimer("podwright-firewall-revert", std::chrono::seconds(1), {"nft"}).ok());
  host_.firewall = *kinds::WantedFirewall(Declared());
  reachable_ = false;
  EXPECT_FALSE(Run(dispatch, true).ok());
  EXPECT_EQ(host_.firewall, before);
}

TEST_F(ServerDriverTest, ChangedAndLostRulesComeBack) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  const auto ours = host_.firewall;
  host_.firewall->foreign.push_back("somebody's rule");
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.firewall, ours);
  host_.Reboot();
  EXPECT_EQ(Drift().size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.firewall, ours);
}

TEST_F(ServerDriverTest, RemovedFirewallLeavesNoTable) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  spec_.clear_firewall();
  ASSERT_TRUE(Run("server.firewall.remove", FirewallAction()).ok());
  EXPECT_FALSE(host_.firewall.has_value());
  EXPECT_FALSE(Observed().has_firewall());
  EXPECT_TRUE(RepairAll().empty());
}

TEST_F(ServerDriverTest, WithoutNftablesTheVerbsAreNotOffered) {
  host_.capabilities.erase("nftables");
  for (const auto& verb : driver_->Verbs()) EXPECT_EQ(verb.find("firewall"), std::string::npos);
}

}  // namespace
}  // namespace podwright::drivers
