#include "agent/drivers/server/server_driver.h"

#include <gtest/gtest.h>

#include "agent/drivers/server/family.h"
#include "agent/host/memory_host.h"
#include "core/digest.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test

class ServerDriver : public ::testing::Test {
 protected:
  ServerDriver()
      : env_{host_.View(), clock_,
             [this](const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) -> Status {
               if (!can_open_) return DataLoss("does not open");
               return use(sealed.sealed().substr(7));  // "sealed:VALUE"
             },
             [this](std::chrono::milliseconds) {
               if (while_probing_) while_probing_();
               return reachable_;
             },
             "local key"},
        driver_(MakeServerDriver(env_)) {
    state_.mutable_object()->set_kind("server");
    state_.mutable_object()->set_name("web-1");
    host_.available["nginx"] = {"1.22"};
    host_.available["curl"] = {"7.88", "7.90"};
    host_.units["nginx.service"].state = {"loaded", "inactive", "disabled", "", 0, 0};
    host_.sysctls["net.core.somaxconn"] = "4096";
  }

  v1::Dispatch Dispatch(const std::string& verb, const google::protobuf::Message& payload) const {
    v1::Dispatch dispatch;
    dispatch.mutable_action()->set_verb(verb);
    dispatch.mutable_action()->set_payload(payload.SerializeAsString());
    dispatch.set_spec(spec_.SerializeAsString());
    for (const auto& sealed : secrets_) *dispatch.add_secrets() = sealed;
    return dispatch;
  }
  Result<Done> Run(const v1::Dispatch& dispatch, bool resumed = false) {
    if (!resumed) {
      auto proof = driver_->Prove(dispatch, state_);
      EXPECT_TRUE(proof.ok());
      proof_ = *proof;
    }
    return driver_->Execute({dispatch, proof_, resumed}, state_);
  }
  Result<Done> Run(const std::string& verb, const google::protobuf::Message& payload) {
    return Run(Dispatch(verb, payload));
  }
  ServerObserved Observed() {
    const auto seen = driver_->Observe(state_, spec_.SerializeAsString());
    EXPECT_TRUE(seen.ok()) << seen.error().ToString();
    ServerObserved observed;
    observed.ParseFromString(seen->observed);
    drift_ = seen->drift;
    return observed;
  }
  std::vector<std::string> Drift() {
    Observed();
    return drift_;
  }
  std::vector<Repair> RepairAll() {
    return driver_->RepairDrift(state_, [](const std::string&) { return true; });
  }
  bool Managed(const std::string& item) const { return server::IsManaged(state_, item); }

  FileAction File(const std::string& path, const std::string& content) {
    (*spec_.mutable_files())[path].set_content(content);
    FileAction action;
    action.set_path(path);
    *action.mutable_file() = spec_.files().at(path);
    return action;
  }
  SecretFileAction SecretFile(const std::string& path, const std::string& value, std::int64_t version = 1) {
    (*spec_.mutable_secrets())[path].set_secret("db");
    SecretFileAction action;
    action.set_path(path);
    *action.mutable_file() = spec_.secrets().at(path);
    action.set_secret("db");
    action.set_version(version);
    secrets_.emplace_back();
    secrets_.back().set_name("db");
    secrets_.back().set_version(version);
    secrets_.back().set_sealed("sealed:" + value);
    return action;
  }
  FirewallAction Firewall(int port) {
    auto& rule = (*spec_.mutable_firewall()->mutable_inbound())["web"];
    rule.set_port(port);
    FirewallAction action;
    *action.mutable_firewall() = spec_.firewall();
    action.set_confirm_within_ms(5000);
    return action;
  }

  host::MemoryHost host_;
  FakeClock clock_;
  bool can_open_ = true;
  bool reachable_ = true;
  std::function<void()> while_probing_;
  Environment env_;
  std::unique_ptr<Driver> driver_;
  v1::ObjectState state_;
  ServerSpec spec_;
  Proof proof_;
  std::vector<v1::SealedSecret> secrets_;
  std::vector<std::string> drift_;
};

// ---- packages ----

TEST_F(ServerDriver, PackageIsInstalledOnceAndIsOurs) {
  (*spec_.mutable_packages())["nginx"];
  PackageAction action;
  action.set_name("nginx");
  const auto done = Run("server.package.install", action);
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(Observed().packages().at("nginx"), "1.22");
  EXPECT_TRUE(Managed("package:nginx"));
  EXPECT_FALSE(Run("server.package.install", action)->changed);
  EXPECT_EQ(host_.Count("packages.install nginx"), 1);
}

TEST_F(ServerDriver, PackageThatWasThereBeforeIsNeitherOursNorRemoved) {
  host_.packages["curl"] = "7.88";
  PackageAction action;
  action.set_name("curl");
  ASSERT_TRUE(Run("server.package.install", action).ok());
  EXPECT_FALSE(Managed("package:curl"));
  EXPECT_FALSE(Run("server.package.remove", action)->changed);
  EXPECT_TRUE(host_.packages.contains("curl"));
  (*spec_.mutable_packages())["curl"].set_absent(true);
  EXPECT_TRUE(Run("server.package.remove", action)->changed) << "asked for by the declaration";
  EXPECT_FALSE(host_.packages.contains("curl"));
}

TEST_F(ServerDriver, UnknownPackageIsAnErrorThatNamesIt) {
  PackageAction action;
  action.set_name("none");
  const auto done = Run("server.package.install", action);
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message().find("none"), std::string::npos);
  EXPECT_FALSE(Managed("package:none"));
}

TEST_F(ServerDriver, RemovedAndDowngradedPackagesComeBack) {
  (*spec_.mutable_packages())["curl"].set_version("7.88");
  PackageAction action;
  action.set_name("curl");
  action.set_version("7.88");
  ASSERT_TRUE(Run("server.package.install", action).ok());
  host_.packages.erase("curl");
  ASSERT_EQ(Drift().size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.packages["curl"], "7.88");
  host_.packages["curl"] = "7.90";
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.packages["curl"], "7.88");
  EXPECT_TRUE(Drift().empty());
}

// ---- files ----

TEST_F(ServerDriver, FileIsWrittenWithItsFoldersAndTakenAwayWithThem) {
  const auto action = File("/srv/app/conf/app.conf", "a=1\n");
  ASSERT_TRUE(Run("server.file.write", action).ok());
  const auto observed = Observed();
  EXPECT_EQ(observed.files().at("/srv/app/conf/app.conf").sha256(), Sha256("a=1\n").Hex());
  EXPECT_EQ(observed.files().at("/srv/app/conf/app.conf").mode(), "0644");
  EXPECT_EQ(observed.managed(0), "file:/srv/app/conf/app.conf");
  spec_.clear_files();
  ASSERT_TRUE(Run("server.file.remove", action).ok());
  EXPECT_FALSE(host_.files.contains("/srv/app"));
  EXPECT_TRUE(host_.files.contains("/srv"));
  EXPECT_EQ(state_.managed_size(), 0);
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriver, FileThatWasThereBeforeIsKeptWhenItIsNoLongerDeclared) {
  host_.files["/etc/motd"] = {host::FileType::kFile, "theirs", {}, 1};
  const auto action = File("/etc/motd", "ours");
  EXPECT_TRUE(Run("server.file.write", action)->changed);
  EXPECT_FALSE(Run("server.file.remove", action)->changed);
  EXPECT_TRUE(host_.files.contains("/etc/motd"));
}

TEST_F(ServerDriver, FileThatIsEqualIsNotWrittenAgain) {
  const auto action = File("/etc/motd", "ours");
  ASSERT_TRUE(Run("server.file.write", action).ok());
  EXPECT_FALSE(Run("server.file.write", action)->changed);
  EXPECT_EQ(host_.Count("files.write /etc/motd"), 1);
}

TEST_F(ServerDriver, AfterACrashBehindTheWriteTheFileIsStillOursAndNotWrittenAgain) {
  const auto dispatch = Dispatch("server.file.write", File("/etc/new", "x"));
  proof_ = *driver_->Prove(dispatch, state_);
  v1::ObjectState lost = state_;
  ASSERT_TRUE(driver_->Execute({dispatch, proof_, false}, lost).ok());
  const auto done = Run(dispatch, true);
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->changed);
  EXPECT_TRUE(Managed("file:/etc/new"));
  EXPECT_EQ(host_.Count("files.write /etc/new"), 1);
}

TEST_F(ServerDriver, ChangedFileIsShownAndBroughtBackAndItsUnitReloaded) {
  auto action = File("/etc/nginx.conf", "ours");
  spec_.mutable_files()->at("/etc/nginx.conf").add_reloads("nginx.service");
  host_.units["nginx.service"].state.active_state = "active";
  ASSERT_TRUE(Run("server.file.write", action).ok());
  host_.files["/etc/nginx.conf"].content = "theirs";
  EXPECT_EQ(Observed().files().at("/etc/nginx.conf").content(), "theirs");
  ASSERT_EQ(drift_.size(), 1U);
  const auto repairs = RepairAll();
  ASSERT_EQ(repairs.size(), 1U);
  EXPECT_EQ(repairs[0].item, "file:/etc/nginx.conf");
  EXPECT_TRUE(repairs[0].outcome.ok());
  EXPECT_EQ(host_.files["/etc/nginx.conf"].content, "ours");
  EXPECT_EQ(host_.Count("units.reload nginx.service"), 1);
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 0);
}

TEST_F(ServerDriver, ModeAndOwnerComeBackAndContentThatIsNoTextIsNotShown) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "ours")).ok());
  host_.files["/etc/motd"].attributes.mode = 0777;
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files["/etc/motd"].attributes.mode, 0644U);
  host_.files["/etc/motd"].content = "\xff\xfe";
  EXPECT_FALSE(Observed().files().at("/etc/motd").has_content());
}

TEST_F(ServerDriver, SomethingElseInAFilesPlaceIsToldAndNotTouched) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "ours")).ok());
  host_.files["/etc/motd"].type = host::FileType::kSymlink;
  EXPECT_EQ(Drift().size(), 1U);
  EXPECT_TRUE(RepairAll().empty());
  EXPECT_FALSE(Run("server.file.write", File("/etc/motd", "ours")).ok());
}

TEST_F(ServerDriver, RefusedRepairsAreLeftForLater) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "ours")).ok());
  host_.files.erase("/etc/motd");
  EXPECT_TRUE(driver_->RepairDrift(state_, [](const std::string&) { return false; }).empty());
  EXPECT_FALSE(host_.files.contains("/etc/motd"));
}

TEST_F(ServerDriver, FullDiskIsTheActionsErrorAndNothingIsConfirmed) {
  host_.Fail("files.write", ResourceExhausted("No space left on device"));
  const auto done = Run("server.file.write", File("/etc/motd", "ours"));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().retry(), Retry::kBackoff);
  EXPECT_FALSE(state_.confirmed());
}

TEST_F(ServerDriver, CompensationPutsBackWhatWasConfirmed) {
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "one")).ok());
  ASSERT_TRUE(Run("server.file.write", File("/etc/motd", "two")).ok());
  FileAction back;
  back.set_path("/etc/motd");
  back.mutable_file()->set_content("one");
  v1::Dispatch dispatch = Dispatch("server.file.write", back);
  dispatch.set_compensation(true);
  ASSERT_TRUE(Run(dispatch).ok());
  host_.files["/etc/motd"].content = "theirs";
  RepairAll();
  EXPECT_EQ(host_.files["/etc/motd"].content, "one");
}

// ---- units ----

UnitAction Unit(bool enabled, bool running) {
  UnitAction action;
  action.set_unit("nginx.service");
  action.set_enabled(enabled);
  action.set_running(running);
  return action;
}

TEST_F(ServerDriver, UnitIsEnabledAndStartedAndDisabledWhenNoLongerDeclared) {
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

TEST_F(ServerDriver, UnitThatSystemdDoesNotKnowIsLookedForAgainAndThenAnError) {
  (*spec_.mutable_units())["none.service"];
  UnitAction action;
  action.set_unit("none.service");
  action.set_running(true);
  const auto done = Run("server.unit.set", action);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(host_.Count("units.daemon-reload"), 1);
  EXPECT_EQ(done.error().retry(), Retry::kBackoff);
}

TEST_F(ServerDriver, RestartIsMeasuredAndNotDoneTwiceForOneAction) {
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

TEST_F(ServerDriver, RestartThatWasNotDoneBeforeTheCrashIsDone) {
  host_.units["nginx.service"].state.active_state = "active";
  host_.units["nginx.service"].state.invocation_id = "old";
  UnitAction action;
  action.set_unit("nginx.service");
  const auto dispatch = Dispatch("server.unit.restart", action);
  proof_ = *driver_->Prove(dispatch, state_);
  ASSERT_TRUE(Run(dispatch, true).ok());
  EXPECT_EQ(host_.Count("units.restart nginx.service"), 1);
}

TEST_F(ServerDriver, StoppedServiceIsStartedAgainAndARunningOneNeverRestarted) {
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

TEST_F(ServerDriver, ServiceThatShouldNotRunIsToldAndNotStopped) {
  (*spec_.mutable_units())["nginx.service"].set_running(false);
  ASSERT_TRUE(Run("server.unit.set", Unit(true, false)).ok());
  host_.units["nginx.service"].state.active_state = "active";
  EXPECT_EQ(Drift().size(), 1U);
  EXPECT_TRUE(RepairAll().empty());
  EXPECT_TRUE(host_.units["nginx.service"].state.Active());
}

TEST_F(ServerDriver, ChangedFileIsOwedUntilItsUnitHasReadIt) {
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

TEST_F(ServerDriver, UserIsMadeWithKeysThatAreTheUsersAlone) {
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

TEST_F(ServerDriver, UserWhoWasThereKeepsTheHomeAndIsNotRemoved) {
  host_.users["admin"] = {1000, "root", "/var/admin", "/bin/sh", {}};
  UserAction action;
  action.set_name("admin");
  action.mutable_user()->set_shell("/bin/bash");
  EXPECT_TRUE(Run("server.user.ensure", action)->changed);
  EXPECT_EQ(host_.users["admin"].home, "/var/admin");
  EXPECT_FALSE(Run("server.user.remove", action)->changed);
  EXPECT_TRUE(host_.users.contains("admin"));
}

TEST_F(ServerDriver, AccountThatWasMadeIsOursAlsoWhenItsKeysFail) {
  UserAction action;
  action.set_name("app");
  action.mutable_user()->add_authorized_keys("ssh-ed25519 AAAA me");
  action.set_manage_keys(true);
  host_.Fail("files.write", ResourceExhausted("No space left on device"));
  EXPECT_FALSE(Run("server.user.ensure", action).ok());
  EXPECT_TRUE(Managed("user:app"));
}

// ---- sysctl ----

TEST_F(ServerDriver, KernelParameterIsSetKeptAndPutBack) {
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

TEST_F(ServerDriver, UnknownKernelParameterIsAnErrorAndNotKept) {
  SysctlAction action;
  action.set_key("net.core.none");
  action.set_value("1");
  EXPECT_FALSE(Run("server.sysctl.set", action).ok());
  EXPECT_FALSE(host_.files.contains("/etc/sysctl.d/60-podwright.conf"));
}

// ---- firewall ----

TEST_F(ServerDriver, FirewallIsConfirmedOverAFreshConnectionWhileATimerWaits) {
  while_probing_ = [this] {
    EXPECT_TRUE(host_.timers.contains("podwright-firewall-revert"));
    EXPECT_EQ(host_.files["/var/lib/podwright-agent/firewall-previous.nft"].attributes.mode, 0600U);
  };
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  EXPECT_TRUE(host_.timers.empty());
  EXPECT_EQ(Observed().firewall(), kinds::FirewallDigest(*kinds::WantedFirewall(spec_.firewall())));
  EXPECT_TRUE(Managed("firewall:"));
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriver, FirewallThatCutsTheServerOffIsTakenBack) {
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

TEST_F(ServerDriver, FirewallOfAKilledAgentIsTakenBackByTheTimer) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  const auto before = host_.firewall;
  while_probing_ = [this] { host_.FireTimer("podwright-firewall-revert"); };
  reachable_ = false;
  EXPECT_FALSE(Run("server.firewall.apply", Firewall(81)).ok());
  EXPECT_EQ(host_.firewall, before);
}

TEST_F(ServerDriver, ASecondTryKeepsWhatTheFirstNotedToGoBackTo) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  const auto before = host_.firewall;
  const auto dispatch = Dispatch("server.firewall.apply", Firewall(81));
  // Killed between the new rules and their confirmation: the timer still waits.
  proof_ = *driver_->Prove(dispatch, state_);
  const auto script = host_.View().firewall.RestoreScript();
  host_.files["/var/lib/podwright-agent/firewall-previous.nft"] = {host::FileType::kFile, *script, {0600}, 1};
  ASSERT_TRUE(host_.View().units.ArmTimer("podwright-firewall-revert", std::chrono::seconds(1), {"nft"}).ok());
  host_.firewall = *kinds::WantedFirewall(spec_.firewall());
  reachable_ = false;
  EXPECT_FALSE(Run(dispatch, true).ok());
  EXPECT_EQ(host_.firewall, before);
}

TEST_F(ServerDriver, ChangedAndLostRulesComeBack) {
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

TEST_F(ServerDriver, RemovedFirewallLeavesNoTable) {
  ASSERT_TRUE(Run("server.firewall.apply", Firewall(80)).ok());
  spec_.clear_firewall();
  ASSERT_TRUE(Run("server.firewall.remove", FirewallAction()).ok());
  EXPECT_FALSE(host_.firewall.has_value());
  EXPECT_FALSE(Observed().has_firewall());
  EXPECT_TRUE(RepairAll().empty());
}

TEST_F(ServerDriver, WithoutNftablesTheVerbsAreNotOffered) {
  host_.capabilities.erase("nftables");
  for (const auto& verb : driver_->Verbs()) EXPECT_EQ(verb.find("firewall"), std::string::npos);
}

// ---- secrets ----

TEST_F(ServerDriver, SecretIsDeliveredToItsOwnerAndKeptInClearNowhereElse) {
  ASSERT_TRUE(Run("server.secret.deliver", SecretFile("/etc/app/password", "hunter2")).ok());
  const auto& file = host_.files["/etc/app/password"];
  EXPECT_EQ(file.content, "hunter2");
  EXPECT_EQ(file.attributes.mode, 0600U);
  const auto observed = Observed();
  EXPECT_EQ(observed.secrets().at("/etc/app/password").name(), "db");
  EXPECT_EQ(observed.secrets().at("/etc/app/password").version(), 1);
  v1::ObjectState kept = state_;
  kept.mutable_secrets()->at("/etc/app/password").clear_sealed();  // "sealed:hunter2" of this test
  EXPECT_EQ(kept.SerializeAsString().find("hunter2"), std::string::npos);
  EXPECT_EQ(observed.SerializeAsString().find("hunter2"), std::string::npos);
  for (const auto& [what, value] : proof_) EXPECT_EQ(value.find("hunter2"), std::string::npos) << what;
}

TEST_F(ServerDriver, ChangedOrLostSecretFileIsNoticedAndBroughtBackWithoutAControlPlane) {
  ASSERT_TRUE(Run("server.secret.deliver", SecretFile("/etc/password", "hunter2")).ok());
  host_.files["/etc/password"].content = "theirs";
  EXPECT_EQ(Observed().secrets().at("/etc/password").version(), 0);
  EXPECT_EQ(drift_.size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files["/etc/password"].content, "hunter2");
  host_.files.erase("/etc/password");
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files["/etc/password"].content, "hunter2");
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriver, NewVersionReplacesTheOldAndTheSameIsNotWrittenAgain) {
  const auto first = SecretFile("/etc/password", "one");
  ASSERT_TRUE(Run("server.secret.deliver", first).ok());
  EXPECT_FALSE(Run("server.secret.deliver", first)->changed);
  EXPECT_EQ(host_.Count("files.write /etc/password"), 1);
  EXPECT_TRUE(Run("server.secret.deliver", SecretFile("/etc/password", "two", 2))->changed);
  EXPECT_EQ(Observed().secrets().at("/etc/password").version(), 2);
  EXPECT_EQ(host_.files["/etc/password"].content, "two");
}

TEST_F(ServerDriver, SecretThatDoesNotComeOrDoesNotOpenIsAnError) {
  auto action = SecretFile("/etc/password", "one");
  secrets_.clear();
  EXPECT_FALSE(Run("server.secret.deliver", action).ok());
  action = SecretFile("/etc/password", "one");
  can_open_ = false;
  EXPECT_FALSE(Run("server.secret.deliver", action).ok());
  EXPECT_FALSE(host_.files.contains("/etc/password"));
}

TEST_F(ServerDriver, RemovedSecretLeavesNeitherFileNorBlob) {
  const auto action = SecretFile("/etc/app/password", "hunter2");
  ASSERT_TRUE(Run("server.secret.deliver", action).ok());
  spec_.clear_secrets();
  ASSERT_TRUE(Run("server.secret.remove", action).ok());
  EXPECT_FALSE(host_.files.contains("/etc/app"));
  EXPECT_TRUE(state_.secrets().empty());
}

// ---- the whole ----

TEST_F(ServerDriver, ReleaseTakesAwayAllThatPodwrightBroughtAndNothingElse) {
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

TEST_F(ServerDriver, ReleaseThatKeepsTouchesNothing) {
  ASSERT_TRUE(Run("server.file.write", File("/srv/app/x", "ours")).ok());
  ReleaseAction release;
  release.set_keep(true);
  ASSERT_TRUE(Run("server.agent.release", release)->forget_object);
  EXPECT_TRUE(host_.files.contains("/srv/app/x"));
}

TEST_F(ServerDriver, GuardsAreReadFromTheServer) {
  host_.files["/etc/motd"] = {host::FileType::kFile, "x", {}, 1};
  EXPECT_EQ(*driver_->Fact("file.sha256:/etc/motd", state_), Sha256("x").Hex());
  EXPECT_EQ(*driver_->Fact("file.sha256:/etc/none", state_), "");
  EXPECT_EQ(*driver_->Fact("unit.active:nginx.service", state_), "false");
  EXPECT_EQ(*driver_->Fact("unit.active:none.service", state_), "");
  EXPECT_EQ(*driver_->Fact("package.version:nginx", state_), "");
  EXPECT_EQ(*driver_->Fact("sysctl.value:net.core.somaxconn", state_), "4096");
  EXPECT_FALSE(driver_->Fact("moon.phase:full", state_).ok());
}

TEST_F(ServerDriver, NothingIsRepairedBeforeAnythingIsConfirmed) {
  File("/etc/motd", "ours");
  state_.set_watched_spec(spec_.SerializeAsString());
  EXPECT_TRUE(RepairAll().empty());
  EXPECT_TRUE(Drift().empty());
}

TEST_F(ServerDriver, SpecAndPayloadThatAreNoMessagesAreErrors) {
  v1::Dispatch dispatch;
  dispatch.mutable_action()->set_verb("server.file.write");
  dispatch.mutable_action()->set_payload("\xff\xff\xff");
  EXPECT_FALSE(driver_->Prove(dispatch, state_).ok());
  EXPECT_FALSE(driver_->Observe(state_, "\xff\xff\xff").ok());
}

}  // namespace
}  // namespace podwright::drivers
