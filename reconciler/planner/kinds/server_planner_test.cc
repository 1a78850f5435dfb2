#include "reconciler/planner/kinds/server_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using v1::kinds::ServerFile;
using v1::kinds::ServerSpec;
using v1::kinds::ServerStatus;

class ServerPlannerTest : public ::testing::Test {
 protected:
  ServerFile& File(const std::string& path, const std::string& content) {
    ServerFile& file = (*spec_.mutable_files())[path];
    file.set_content(content);
    return file;
  }
  void Put() { world_.Put("server", "web-1", spec_); }
  void Enrolled() {
    Put();
    world_.Enrol("web-1");
    world_.Observe();
  }
  v1::Slice Slice() {
    const v1::Plan plan = planner_.PlanAll(world_.facts());
    for (const v1::Slice& slice : plan.slices()) {
      if (slice.object().kind() == "server") return slice;
    }
    return {};
  }
  // "verb subject" of every action in the plan's order.
  std::vector<std::string> Verbs() {
    const v1::Plan plan = planner_.PlanAll(world_.facts());
    std::vector<std::string> out;
    for (const std::string& id : plan.order()) {
      for (const v1::Slice& slice : plan.slices()) {
        for (const v1::Action& action : slice.actions()) {
          if (action.id() == id) out.push_back(action.verb() + " " + action.subject());
        }
      }
    }
    return out;
  }
  v1::Action Action(const std::string& verb, const std::string& subject) {
    const v1::Slice slice = Slice();
    for (const v1::Action& action : slice.actions()) {
      if (action.verb() == verb && action.subject() == subject) return action;
    }
    ADD_FAILURE() << "there is no " << verb << " of " << subject;
    return {};
  }
  void CarryOutAll() { world_.CarryOut(planner_.PlanAll(world_.facts())); }
  bool Waits(const std::string& later, const std::string& earlier) {
    const v1::Slice slice = Slice();
    std::map<std::string, const v1::Action*> by_id;
    const v1::Action* from = nullptr;
    for (const v1::Action& action : slice.actions()) {
      by_id[action.id()] = &action;
      if (action.verb() + " " + action.subject() == later) from = &action;
    }
    if (from == nullptr) return false;
    std::vector<const v1::Action*> open{from};
    while (!open.empty()) {
      const v1::Action* action = open.back();
      open.pop_back();
      if (action->verb() + " " + action->subject() == earlier) return true;
      for (const std::string& id : action->depends_on()) open.push_back(by_id.at(id));
    }
    return false;
  }

  ServerSpec spec_;
  World world_;
  KindPlanners kinds_ = TestingPlanners();
  Planner planner_{kinds_};
};

TEST_F(ServerPlannerTest, ANewFileIsWrittenOnlyWhereNoneIs) {
  File("/etc/motd", "hello");
  Enrolled();
  const v1::Action action = Action("server.file.write", "/etc/motd");
  EXPECT_EQ(action.summary(), "write /etc/motd (new)");
  EXPECT_EQ(action.server(), "web-1");
  ASSERT_EQ(action.guards_size(), 1);
  EXPECT_EQ(action.guards(0).fact(), "file.sha256:/etc/motd");
  EXPECT_EQ(action.guards(0).expected(), "");
  EXPECT_EQ(action.compensation().verb(), "server.file.remove");
  v1::kinds::FileAction payload;
  ASSERT_TRUE(payload.ParseFromString(action.payload()));
  EXPECT_EQ(payload.file().content(), "hello");
  EXPECT_EQ(payload.file().mode(), "0644");
}

TEST_F(ServerPlannerTest, ADriftedFileSaysWhatDiffersAndGuardsWhatWasSeen) {
  File("/etc/motd", "hello");
  Enrolled();
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
  auto& file = (*world_.Disk("web-1").mutable_files())["/etc/motd"];
  file.set_sha256(Sha256("edited").Hex());
  file.set_content("edited");
  file.set_mode("0600");
  world_.Observe();
  const v1::Action action = Action("server.file.write", "/etc/motd");
  EXPECT_EQ(action.summary(), "write /etc/motd (content and mode differ)");
  EXPECT_EQ(action.guards(0).expected(), Sha256("edited").Hex());
  v1::kinds::FileAction back;
  ASSERT_TRUE(back.ParseFromString(action.compensation().payload()));
  EXPECT_EQ(back.file().content(), "edited");
  EXPECT_EQ(back.file().mode(), "0600");
}

TEST_F(ServerPlannerTest, WhatIsNoFileIsNotReplaced) {
  File("/etc/motd", "hello");
  Enrolled();
  (*world_.Disk("web-1").mutable_files())["/etc/motd"].set_type("directory");
  world_.Observe();
  EXPECT_THAT(Slice().error(), HasSubstr("/etc/motd on web-1 is a directory"));
}

TEST_F(ServerPlannerTest, WhatPodwrightBroughtAndIsNoLongerDeclaredGoes) {
  File("/etc/a", "a");
  (*spec_.mutable_packages())["nginx"];
  (*spec_.mutable_units())["nginx.service"];
  (*spec_.mutable_users())["app"];
  (*spec_.mutable_sysctl())["net.core.somaxconn"] = "1024";
  spec_.mutable_firewall();
  Enrolled();
  (*world_.Disk("web-1").mutable_files())["/etc/people"].set_type("file");
  CarryOutAll();
  spec_ = {};
  Put();
  world_.Observe();
  EXPECT_THAT(Verbs(), ::testing::UnorderedElementsAre("server.unit.set nginx.service", "server.file.remove /etc/a",
                                                       "server.user.remove app", "server.package.remove nginx",
                                                       "server.sysctl.remove net.core.somaxconn",
                                                       "server.firewall.remove firewall"));
  EXPECT_TRUE(Waits("server.file.remove /etc/a", "server.unit.set nginx.service"));
  EXPECT_TRUE(Waits("server.package.remove nginx", "server.file.remove /etc/a"));
  EXPECT_TRUE(Waits("server.user.remove app", "server.unit.set nginx.service"));
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
  EXPECT_TRUE(world_.Disk("web-1").files().contains("/etc/people"));
}

TEST_F(ServerPlannerTest, PackagesUsersFilesUnitsInThatOrder) {
  (*spec_.mutable_packages())["nginx"];
  (*spec_.mutable_users())["app"];
  File("/etc/app.conf", "x").set_owner("app");
  (*spec_.mutable_units())["nginx.service"];
  Enrolled();
  EXPECT_TRUE(Waits("server.user.ensure app", "server.package.install nginx"));
  EXPECT_TRUE(Waits("server.file.write /etc/app.conf", "server.user.ensure app"));
  EXPECT_TRUE(Waits("server.unit.set nginx.service", "server.file.write /etc/app.conf"));
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
  EXPECT_THAT(world_.problems(), IsEmpty());
}

TEST_F(ServerPlannerTest, PackagesGoOneAfterAnotherAndOnlyAWantedVersionMatters) {
  (*spec_.mutable_packages())["a"];
  (*spec_.mutable_packages())["b"].set_version("2.0");
  (*spec_.mutable_packages())["c"].set_absent(true);
  Enrolled();
  auto& installed = *world_.Disk("web-1").mutable_packages();
  installed["a"] = "0.9";
  installed["b"] = "1.0";
  installed["c"] = "1.0";
  world_.Observe();
  EXPECT_THAT(Verbs(), ElementsAre("server.package.install b", "server.package.remove c"));
  const v1::Action upgrade = Action("server.package.install", "b");
  EXPECT_EQ(upgrade.disruption(), v1::DISRUPTION_RESTART);
  EXPECT_EQ(upgrade.downtime_ms(), kUpgradeDowntimeMs);
  EXPECT_TRUE(Waits("server.package.remove c", "server.package.install b"));
}

TEST_F(ServerPlannerTest, SeveralFilesReloadAUnitOnce) {
  (*spec_.mutable_units())["nginx.service"];
  for (const char* path : {"/etc/nginx/a", "/etc/nginx/b"}) File(path, "1").add_reloads("nginx.service");
  Enrolled();
  CarryOutAll();
  for (const char* path : {"/etc/nginx/a", "/etc/nginx/b"}) File(path, "2");
  Put();
  EXPECT_THAT(Verbs(), ElementsAre("server.file.write /etc/nginx/a", "server.file.write /etc/nginx/b",
                                   "server.unit.reload nginx.service"));
  const v1::Action reload = Action("server.unit.reload", "nginx.service");
  EXPECT_EQ(reload.disruption(), v1::DISRUPTION_RELOAD);
  EXPECT_EQ(reload.downtime_ms(), 0);
  EXPECT_EQ(reload.depends_on_size(), 2);
}

TEST_F(ServerPlannerTest, ARestartSupersedesAReload) {
  (*spec_.mutable_units())["nginx.service"];
  File("/etc/a", "1").add_reloads("nginx.service");
  File("/etc/b", "1").add_restarts("nginx.service");
  Enrolled();
  CarryOutAll();
  File("/etc/a", "2");
  File("/etc/b", "2");
  Put();
  EXPECT_THAT(Verbs(), Not(Contains("server.unit.reload nginx.service")));
  const v1::Action restart = Action("server.unit.restart", "nginx.service");
  EXPECT_EQ(restart.disruption(), v1::DISRUPTION_RESTART);
  EXPECT_EQ(restart.downtime_ms(), kRestartDowntimeMs);
}

TEST_F(ServerPlannerTest, AUnitThatStartsAnywayIsNotRestarted) {
  (*spec_.mutable_units())["nginx.service"];
  File("/etc/a", "1").add_restarts("nginx.service");
  Enrolled();
  auto& unit = (*world_.Disk("web-1").mutable_units())["nginx.service"];
  unit.set_load_state("loaded");
  unit.set_active(false);
  world_.Observe();
  EXPECT_THAT(Verbs(), ElementsAre("server.file.write /etc/a", "server.unit.set nginx.service"));
}

TEST_F(ServerPlannerTest, ARestartThatIsStillOwedIsPlanned) {
  (*spec_.mutable_units())["nginx.service"];
  Enrolled();
  CarryOutAll();
  (*world_.Disk("web-1").mutable_units())["nginx.service"].set_owed("restart");
  world_.Observe();
  EXPECT_THAT(Verbs(), ElementsAre("server.unit.restart nginx.service"));
}

TEST_F(ServerPlannerTest, AWrittenUnitFileIsReadAgain) {
  (*spec_.mutable_units())["app.service"];
  File("/etc/systemd/system/app.service", "1");
  Enrolled();
  CarryOutAll();
  File("/etc/systemd/system/app.service", "2");
  Put();
  v1::kinds::UnitAction payload;
  ASSERT_TRUE(payload.ParseFromString(Action("server.unit.set", "app.service").payload()));
  EXPECT_TRUE(payload.daemon_reload());
}

TEST_F(ServerPlannerTest, AMaskedUnitIsAnError) {
  (*spec_.mutable_units())["nginx.service"];
  Enrolled();
  (*world_.Disk("web-1").mutable_units())["nginx.service"].set_load_state("masked");
  world_.Observe();
  EXPECT_THAT(Slice().error(), HasSubstr("nginx.service on web-1 is masked"));
}

TEST_F(ServerPlannerTest, AMachineIsMadeFirstWithItsKernelParameters) {
  spec_.set_cloud("lab");
  spec_.set_size("small");
  (*spec_.mutable_sysctl())["net.core.somaxconn"] = "1024";
  File("/etc/motd", "hello");
  CloudInput lab;
  lab.name = "lab";
  lab.own_kernel = false;
  lab.sysctl_prefixes = {"net."};
  world_.facts().PutCloud(lab);
  Put();
  EXPECT_THAT(Verbs(), ElementsAre("server.machine.create web-1", "server.file.write /etc/motd"));
  EXPECT_TRUE(Waits("server.file.write /etc/motd", "server.machine.create web-1"));
  const v1::Action create = Action("server.machine.create", "web-1");
  EXPECT_EQ(create.executor(), v1::EXECUTOR_CLOUD);
  v1::kinds::MachineAction payload;
  ASSERT_TRUE(payload.ParseFromString(create.payload()));
  EXPECT_EQ(payload.sysctls().at("net.core.somaxconn"), "1024");
  // What is on an image is nobody's: nothing to guard on a machine that this plan makes.
  EXPECT_THAT(Action("server.file.write", "/etc/motd").guards(), IsEmpty());
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
}

TEST_F(ServerPlannerTest, AKernelParameterThatTheCloudCannotSetIsAnErrorThatNamesIt) {
  spec_.set_cloud("lab");
  (*spec_.mutable_sysctl())["vm.swappiness"] = "1";
  CloudInput lab;
  lab.name = "lab";
  lab.own_kernel = false;
  lab.sysctl_prefixes = {"net."};
  world_.facts().PutCloud(lab);
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("the cloud \"lab\" cannot set the kernel parameter vm.swappiness"));
}

TEST_F(ServerPlannerTest, AKernelParameterThatTheAgentCannotSetIsAnError) {
  spec_.set_cloud("lab");
  (*spec_.mutable_sysctl())["net.core.somaxconn"] = "1";
  Put();
  CarryOutAll();
  (*spec_.mutable_sysctl())["net.core.somaxconn"] = "2";
  Put();
  AgentInput agent = MakeTestAgent("web-1");
  agent.capabilities.clear();
  world_.facts().PutAgent(agent);
  EXPECT_THAT(Slice().error(), HasSubstr("the cloud \"lab\" does not let the kernel parameter net.core.somaxconn"));
}

TEST_F(ServerPlannerTest, WhiteSpaceOfAKernelParameterIsNoDifference) {
  (*spec_.mutable_sysctl())["net.ipv4.tcp_rmem"] = "4096 131072  6291456";
  Enrolled();
  (*world_.Disk("web-1").mutable_sysctl())["net.ipv4.tcp_rmem"] = "4096\t131072\t6291456";
  world_.Observe();
  EXPECT_THAT(Verbs(), IsEmpty());
}

TEST_F(ServerPlannerTest, ChangedRulesApplyTheFirewallUnderConfirmation) {
  auto& inbound = *spec_.mutable_firewall()->mutable_inbound();
  inbound["http"].set_port(80);
  Enrolled();
  const v1::Action apply = Action("server.firewall.apply", "firewall");
  v1::kinds::FirewallAction payload;
  ASSERT_TRUE(payload.ParseFromString(apply.payload()));
  EXPECT_EQ(payload.confirm_within_ms(), kFirewallConfirmMs);
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
  inbound["http"].set_port(81);
  Put();
  EXPECT_THAT(Verbs(), ElementsAre("server.firewall.apply firewall"));
}

TEST_F(ServerPlannerTest, AFirewallNeedsNftables) {
  spec_.mutable_firewall();
  Enrolled();
  AgentInput agent = MakeTestAgent("web-1");
  agent.capabilities.erase("nftables");
  world_.facts().PutAgent(agent);
  EXPECT_THAT(Slice().error(), HasSubstr("declare the package nftables"));
  (*spec_.mutable_packages())["nftables"];
  Put();
  EXPECT_THAT(Verbs(), ElementsAre("server.package.install nftables", "server.firewall.apply firewall"));
}

TEST_F(ServerPlannerTest, ASecretIsDeliveredByNameAndVersion) {
  v1::kinds::ServerSecretFile& file = (*spec_.mutable_secrets())["/etc/key"];
  file.set_secret("key");
  world_.Put("secret", "key", v1::kinds::SecretSpec());
  world_.SetSecret("key", 3);
  Enrolled();
  const v1::Action action = Action("server.secret.deliver", "/etc/key");
  ASSERT_EQ(action.secrets_size(), 1);
  EXPECT_EQ(action.secrets(0).name(), "key");
  EXPECT_EQ(action.secrets(0).version(), 3);
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
  world_.SetSecret("key", 4);
  EXPECT_EQ(Action("server.secret.deliver", "/etc/key").summary(),
            "deliver the secret key (version 4) to /etc/key (value differs)");
}

TEST_F(ServerPlannerTest, ASecretWithoutAValueIsAnErrorThatSaysWhatToDo) {
  (*spec_.mutable_secrets())["/etc/key"].set_secret("key");
  world_.Put("secret", "key", v1::kinds::SecretSpec());
  Enrolled();
  EXPECT_THAT(Slice().error(), HasSubstr("`podwright secret set key`"));
}

TEST_F(ServerPlannerTest, AVerbThatTheAgentDoesNotKnowIsAnErrorWithTheVersionNeeded) {
  File("/etc/motd", "hello");
  Enrolled();
  AgentInput agent = MakeTestAgent("web-1");
  agent.verbs.erase("server.file.write");
  world_.facts().PutAgent(agent);
  EXPECT_THAT(Slice().error(), HasSubstr("does not know server.file.write: it needs podwright-agent 0.1.0"));
}

TEST_F(ServerPlannerTest, AnExistingServerWithoutAnAgentWaitsForOne) {
  File("/etc/motd", "hello");
  Put();
  EXPECT_THAT(Verbs(), ElementsAre("server.file.write /etc/motd"));
  EXPECT_THAT(Slice().notes(0), HasSubstr("podwright-agent enrol"));
  EXPECT_EQ(Action("server.file.write", "/etc/motd").guards(0).expected(), "");
}

TEST_F(ServerPlannerTest, AnotherSizeReplacesTheMachineAndEverythingOnIt) {
  spec_.set_cloud("lab");
  spec_.set_size("small");
  File("/etc/motd", "hello");
  Put();
  CarryOutAll();
  spec_.set_size("large");
  Put();
  EXPECT_THAT(Verbs(),
              ElementsAre("server.machine.delete web-1", "server.machine.create web-1", "server.file.write /etc/motd"));
  const v1::Action action = Action("server.machine.delete", "web-1");
  EXPECT_EQ(action.disruption(), v1::DISRUPTION_REPLACE);
  EXPECT_EQ(action.downtime_ms(), kReplaceDowntimeMs);
  EXPECT_THAT(action.summary(), HasSubstr("size (small → large)"));
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
  EXPECT_THAT(world_.problems(), IsEmpty());
}

TEST_F(ServerPlannerTest, AnUnsetSizeTakesWhatTheCloudGave) {
  spec_.set_cloud("lab");
  Put();
  CarryOutAll();
  EXPECT_THAT(Verbs(), IsEmpty());
}

TEST_F(ServerPlannerTest, TheCloudCannotChange) {
  spec_.set_cloud("lab");
  Put();
  CarryOutAll();
  spec_.clear_cloud();
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("the cloud of server web-1 cannot change from \"lab\""));
}

TEST_F(ServerPlannerTest, AProtectedServerIsNeitherDeletedNorReplaced) {
  spec_.set_cloud("lab");
  spec_.set_size("small");
  spec_.set_deletion_protection(true);
  Put();
  CarryOutAll();
  spec_.set_size("large");
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("is protected from deletion"));
  world_.Delete("server", "web-1");
  EXPECT_THAT(Slice().error(), HasSubstr("unset deletion_protection in an earlier apply"));
  EXPECT_THAT(Verbs(), IsEmpty());
}

TEST_F(ServerPlannerTest, AnExistingServerIsReleasedNotDeleted) {
  File("/etc/motd", "hello");
  Enrolled();
  CarryOutAll();
  world_.Delete("server", "web-1");
  EXPECT_THAT(Verbs(), ElementsAre("server.agent.release web-1", "object.forget server/web-1"));
  EXPECT_EQ(Action("server.agent.release", "web-1").summary(), "take away what Podwright brought (1 item)");
  CarryOutAll();
  EXPECT_TRUE(world_.Disk("web-1").files().empty());
}

TEST_F(ServerPlannerTest, ALostMachineIsMadeAgain) {
  spec_.set_cloud("lab");
  Put();
  CarryOutAll();
  MachineInput machine = world_.facts().FindMachine("web-1")->input;
  machine.state = MachineState::kLost;
  world_.facts().PutMachine(machine);
  EXPECT_THAT(Verbs(), ElementsAre("server.machine.create web-1"));
}

TEST_F(ServerPlannerTest, TheStatusTellsWhatDiffers) {
  File("/etc/motd", "hello");
  Enrolled();
  CarryOutAll();
  world_.Disk("web-1").add_addresses("10.0.0.1");
  world_.Disk("web-1").set_os("debian 12");
  world_.Observe();
  const ServerPlanner planner;
  const StatusReader reader(world_.facts(), [](std::string_view server) { return server == "web-1"; });
  const auto status = [&] {
    return static_cast<const ServerStatus&>(
        *planner.ComputeStatus(world_.facts().FindObject({"server", "web-1"})->input, reader));
  };
  EXPECT_TRUE(status().in_sync());
  EXPECT_TRUE(status().reachable());
  EXPECT_EQ(status().os(), "debian 12");
  EXPECT_THAT(status().addresses(), ElementsAre("10.0.0.1"));
  world_.Disk("web-1").mutable_files()->clear();
  world_.Observe();
  EXPECT_FALSE(status().in_sync());
  EXPECT_THAT(status().differences(), ElementsAre("write /etc/motd (new)"));
}

TEST_F(ServerPlannerTest, TheFoundSpecShowsDriftInTheWordsOfTheSpec) {
  File("/etc/motd", "hello");
  Enrolled();
  CarryOutAll();
  auto& file = (*world_.Disk("web-1").mutable_files())["/etc/motd"];
  file.set_sha256(Sha256("edited").Hex());
  file.set_content("edited");
  world_.Observe();
  const StatusReader reader(world_.facts(), nullptr);
  const auto actual = ServerPlanner().ActualSpec(world_.facts().FindObject({"server", "web-1"})->input, reader);
  const auto& found = static_cast<const ServerSpec&>(*actual);
  EXPECT_EQ(found.files().at("/etc/motd").content(), "edited");
  EXPECT_FALSE(found.files().at("/etc/motd").has_mode());
}

}  // namespace
}  // namespace podwright::planner
