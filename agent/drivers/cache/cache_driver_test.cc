// The driver over a server in memory: what actions make, what drift is brought back, what leaving takes away.
#include "agent/drivers/cache/cache_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/drivers/cache/configuration.h"
#include "agent/drivers/cache/fake_redis.h"
#include "core/digest.h"
#include "kinds/cache/cache_form.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kHere[] = "10.0.0.1";

class CacheDriverTest : public ::testing::Test {
 protected:
  CacheDriverTest() : env_{host_.View(), clock_, nullptr, nullptr, "local key"}, driver_(MakeCacheDriver(env_)) {
    state_.mutable_object()->set_kind("cache");
    state_.mutable_object()->set_name("shop");
    for (const char* package : {"redis-server", "redis-sentinel"}) {
      host_.available[package] = {"5:7.0.15"};
      host_.units[std::string(package) + ".service"].state = {"loaded", "active", "enabled", "first", 0, 0};
    }
    for (const std::string& unit : {paths_.unit, paths_.sentinel_unit}) {
      host_.units[unit].state = {"loaded", "inactive", "disabled", "", 0, 0};
    }
    host_.users["redis"];
    host_.groups.insert("redis");
    for (const char* folder : {"/etc", "/etc/systemd", "/etc/systemd/system", "/var", "/var/lib", "/var/lib/redis"}) {
      host_.files[folder] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 0};
    }
    cluster_.here = kHere;
    cluster_.servers[kHere];
    cluster_.sentinels[kHere].primary = kHere;
    cluster_.AttachTo(host_);
    env_.open_secret = [](const v1::SealedSecret& sealed, const auto& use) {
      return use(sealed.name() == "app-password" ? "app's" : "internal");
    };
  }

  static CacheTopology Topology() {
    CacheTopology topology;
    for (const char* name : {"a", "b"}) (*topology.mutable_members())[name];
    for (const char* name : {"a", "b", "c"}) (*topology.mutable_sentinels())[name];
    topology.set_port(6379);
    topology.set_sentinel_port(26379);
    return topology;
  }
  static v1::SecretUse Use(const std::string& name) {
    v1::SecretUse use;
    use.set_name(name);
    use.set_version(1);
    return use;
  }
  static CacheMemberAction MemberAction(const std::string& first = "a") {
    CacheMemberAction action;
    *action.mutable_topology() = Topology();
    action.set_self("a");
    action.set_eviction("noeviction");
    action.set_persistence("aof");
    *action.mutable_password() = Use("cache.shop.replication");
    action.set_first_primary(first);
    action.set_wish(4);
    return action;
  }
  static CacheUsersAction UsersAction(const std::string& command = "+@read") {
    CacheUsersAction action;
    CacheUserWish& user = (*action.mutable_users())["app"];
    user.add_commands(command);
    *user.mutable_password() = Use("app-password");
    return action;
  }
  static CacheSentinelAction SentinelAction() {
    CacheSentinelAction action;
    *action.mutable_topology() = Topology();
    action.set_self("a");
    action.set_quorum(2);
    action.set_down_after_ms(5000);
    action.set_failover_timeout_ms(60000);
    *action.mutable_password() = Use("cache.shop.replication");
    action.set_first_primary("a");
    return action;
  }

  Result<Done> Run(const std::string& verb, const google::protobuf::Message& payload) {
    v1::Dispatch dispatch;
    dispatch.mutable_action()->set_verb(verb);
    dispatch.mutable_action()->set_payload(payload.SerializeAsString());
    for (const char* name : {"app-password", "cache.shop.replication"}) {
      v1::SealedSecret& sealed = *dispatch.add_secrets();
      sealed.set_name(name);
      sealed.set_version(1);
    }
    const std::map<std::string, std::string> addresses = {{"a", "10.0.0.1"}, {"b", "10.0.0.2"}, {"c", "10.0.0.3"}};
    for (const auto& [name, address] : addresses) (*dispatch.mutable_bound())["address/" + name] = address;
    const auto proof = driver_->Prove(dispatch, state_);
    EXPECT_TRUE(proof.ok());
    return driver_->Execute({dispatch, *proof, false}, state_);
  }
  void Must(const std::string& verb, const google::protobuf::Message& payload) {
    const auto done = Run(verb, payload);
    ASSERT_TRUE(done.ok()) << verb << ": " << done.error().ToString();
  }
  void SetUp() override {
    CacheToolsAction tools;
    tools.add_packages("redis-sentinel");
    tools.add_packages("redis-server");
    Must("cache.tools.install", tools);
  }
  void Join() {
    Must("cache.member.set", MemberAction());
    // As Redis reads them when it starts.
    auto& server = cluster_.servers[kHere];
    CacheKept kept;
    ASSERT_TRUE(kept.ParseFromString(state_.kept().at("cache")));
    for (const auto& [name, value] : cache::LiveSettings(kept)) server.config[name] = value;
    server.config["masterauth"] = "internal";
    Must("cache.users.set", UsersAction());
    Must("cache.sentinel.set", SentinelAction());
  }
  CacheObserved Observed() {
    const auto seen = driver_->Observe(state_, "");
    EXPECT_TRUE(seen.ok()) << seen.error().ToString();
    CacheObserved observed;
    observed.ParseFromString(seen->observed);
    drift_ = seen->drift;
    return observed;
  }
  std::vector<std::string> RepairAll() {
    std::vector<std::string> items;
    for (const Repair& repair : driver_->RepairDrift(state_, [](const std::string&) { return true; })) {
      EXPECT_TRUE(repair.outcome.ok()) << repair.item << ": " << repair.outcome.error().ToString();
      items.push_back(repair.item);
    }
    return items;
  }

  host::MemoryHost host_;
  FakeClock clock_;
  Environment env_;
  std::unique_ptr<Driver> driver_;
  v1::ObjectState state_;
  cache::FakeRedis cluster_;
  const cache::Paths paths_{"shop"};
  std::vector<std::string> drift_;
};

TEST_F(CacheDriverTest, TheInstancesThatComeWithThePackagesAreStopped) {
  EXPECT_FALSE(host_.units["redis-server.service"].state.Active());
  EXPECT_EQ(host_.units["redis-server.service"].state.unit_file_state, "disabled");
}

TEST_F(CacheDriverTest, AfterItsActionsEverythingIsAsItWasSetAndNothingDrifts) {
  Join();
  const CacheObserved is = Observed();
  EXPECT_THAT(drift_, IsEmpty());
  EXPECT_TRUE(is.member().running());
  EXPECT_EQ(is.member().settings(), kinds::CacheMemberDigest(MemberAction()));
  EXPECT_EQ(is.member().users(), kinds::CacheUsersDigest(UsersAction()));
  EXPECT_EQ(is.member().role(), "primary");
  EXPECT_EQ(is.member().addresses().at("c"), "10.0.0.3");
  EXPECT_EQ(is.sentinel().settings(), kinds::CacheSentinelDigest(SentinelAction()));
  EXPECT_EQ(is.sentinel().primary_address(), "10.0.0.1:6379");
  EXPECT_EQ(is.sentinel().quorum(), "OK 3 usable Sentinels");
  EXPECT_EQ(is.wish(), 4);
}

TEST_F(CacheDriverTest, AFirstStartIsOrderedAndALaterOneIsNot) {
  Must("cache.member.set", MemberAction("b"));
  EXPECT_EQ(host_.files[paths_.order].content, "10.0.0.2\n");
  host_.files.erase(paths_.order);
  host_.files[paths_.conf] = {host::FileType::kFile, "", {0600, "redis", "redis"}, 1};
  Must("cache.member.set", MemberAction("a"));
  EXPECT_FALSE(host_.files.contains(paths_.order));
}

TEST_F(CacheDriverTest, PasswordsAreOnlyInFilesOfMode0600) {
  Join();
  for (const auto& [path, file] : host_.files) {
    if (file.content.find("app's") != std::string::npos) ADD_FAILURE() << path;
    if (file.content.find("internal") == std::string::npos) continue;
    EXPECT_EQ(file.attributes.mode, 0600U) << path;
  }
  EXPECT_THAT(host_.files[paths_.users].content, HasSubstr("#" + Sha256("app's").Hex()));
  EXPECT_EQ(state_.SerializeAsString().find("app's"), std::string::npos);
}

TEST_F(CacheDriverTest, SettingsChangeInTheRunningRedis) {
  Join();
  CacheMemberAction action = MemberAction();
  action.set_memory(64 << 20);
  Must("cache.member.set", action);
  EXPECT_EQ(cluster_.servers[kHere].config["maxmemory"], std::to_string(64 << 20));
  EXPECT_THAT(host_.files[paths_.settings].content, HasSubstr("maxmemory 67108864\n"));
  EXPECT_EQ(host_.Count("units.restart " + paths_.unit), 0);
  EXPECT_EQ(host_.Count("units.start " + paths_.unit), 1);
}

TEST_F(CacheDriverTest, UsersThatRedisRefusesAreNotKept) {
  Join();
  EXPECT_FALSE(Run("cache.users.set", UsersAction("+nonsense")).ok());
  EXPECT_EQ(Observed().member().users(), kinds::CacheUsersDigest(UsersAction()));
  EXPECT_THAT(host_.files[paths_.users].content, Not(HasSubstr("+nonsense")));
}

TEST_F(CacheDriverTest, AUserThatIsNoLongerDeclaredGoes) {
  Join();
  Must("cache.users.set", CacheUsersAction());
  EXPECT_FALSE(cluster_.servers[kHere].users.contains("app"));
  EXPECT_THAT(host_.files[paths_.users].content, Not(HasSubstr("app")));
}

TEST_F(CacheDriverTest, DriftOfEveryPartComesBack) {
  Join();
  host_.files[paths_.settings].content = "# edited\n";
  host_.files.erase(paths_.users);
  cluster_.servers[kHere].config["maxmemory-policy"] = "allkeys-lru";
  cluster_.servers[kHere].users["intruder"] = "on nopass";
  cluster_.sentinels[kHere].settings["quorum"] = "1";
  EXPECT_THAT(RepairAll(),
              ElementsAre("settings:sentinel", "files:redis", "file:users", "settings:redis", "users:redis"));
  EXPECT_THAT(RepairAll(), IsEmpty());
  EXPECT_EQ(cluster_.servers[kHere].config["maxmemory-policy"], "noeviction");
  EXPECT_FALSE(cluster_.servers[kHere].users.contains("intruder"));
  EXPECT_EQ(cluster_.sentinels[kHere].settings["quorum"], "2");
}

TEST_F(CacheDriverTest, AStoppedRedisIsStartedUnlessItWaitsForItsRole) {
  Join();
  host_.units[paths_.unit].state.active_state = "activating";
  EXPECT_THAT(RepairAll(), IsEmpty());
  host_.units[paths_.unit].state.active_state = "inactive";
  EXPECT_THAT(RepairAll(), ElementsAre("service:redis"));
  EXPECT_TRUE(host_.units[paths_.unit].state.Active());
}

TEST_F(CacheDriverTest, ARoleFoundElsewhereIsNoDrift) {
  Join();
  cluster_.servers[kHere].follows = "10.0.0.2";
  host_.files[paths_.conf] = {host::FileType::kFile, "replicaof 10.0.0.2 6379", {0600, "redis", "redis"}, 1};
  cluster_.sentinels[kHere].primary = "10.0.0.2";
  const CacheObserved is = Observed();
  EXPECT_THAT(drift_, IsEmpty());
  EXPECT_EQ(is.member().role(), "replica");
  EXPECT_EQ(is.member().primary_address(), "10.0.0.2:6379");
  EXPECT_EQ(is.sentinel().primary_address(), "10.0.0.2:6379");
}

TEST_F(CacheDriverTest, AReplicaMayBePromotedAgainWhenItHasItsPrimarysData) {
  Join();
  auto& server = cluster_.servers[kHere];
  server.follows = "10.0.0.2";
  server.config["replica-priority"] = "0";
  server.linked = false;
  EXPECT_THAT(RepairAll(), IsEmpty());
  server.linked = true;
  EXPECT_THAT(RepairAll(), ElementsAre("priority:redis"));
  EXPECT_EQ(server.config["replica-priority"], "100");
}

TEST_F(CacheDriverTest, RolesAreToldAsTheProgramsSayThem) {
  EXPECT_FALSE(driver_->ClaimsRoles(state_));
  Join();
  ASSERT_TRUE(driver_->ClaimsRoles(state_));
  cluster_.sentinels[kHere].epoch = 7;
  const std::vector<roles::RoleClaim> claims = driver_->Roles(state_);
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0], (roles::RoleClaim{"cache", "shop", roles::Role::kPrimary, 0, "10.0.0.1:6379"}));
  EXPECT_EQ(claims[1], (roles::RoleClaim{"cache", "shop", roles::Role::kWitness, 7, "10.0.0.1:6379"}));
  cluster_.servers[kHere].up = false;
  EXPECT_EQ(driver_->Roles(state_)[0].role, roles::Role::kUnknown);
}

TEST_F(CacheDriverTest, SentinelForgetsWhoIsNoMore) {
  Join();
  auto& sentinel = cluster_.sentinels[kHere];
  cluster_.servers["10.0.0.2"].follows = kHere;
  cluster_.sentinels["10.0.0.2"];
  cluster_.sentinels["10.0.0.3"];
  sentinel.replicas = {"10.0.0.2", "10.0.0.9"};
  sentinel.sentinels = {"10.0.0.2", "10.0.0.3", "10.0.0.9"};
  EXPECT_THAT(Observed().sentinel().strangers(), ElementsAre("10.0.0.9"));
  Must("cache.sentinel.forget", CacheForgetAction());
  EXPECT_THAT(Observed().sentinel().strangers(), IsEmpty());
}

TEST_F(CacheDriverTest, LeavingTakesAllButTheData) {
  Join();
  host_.files[paths_.data + "/dump.rdb"] = {host::FileType::kFile, "data", {0600, "redis", "redis"}, 1};
  CacheLeaveAction sentinel;
  sentinel.set_sentinel(true);
  Must("cache.leave", sentinel);
  EXPECT_FALSE(host_.packages.contains("redis-sentinel"));
  CacheLeaveAction member;
  member.set_member(true);
  const auto done = Run("cache.leave", member);
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_TRUE(done->forget_object);
  EXPECT_FALSE(host_.packages.contains("redis-server"));
  EXPECT_TRUE(host_.files.contains(paths_.data + "/dump.rdb"));
  for (const auto& [path, file] : host_.files) {
    EXPECT_FALSE(path.starts_with("/etc/podwright") || path.find("system/podwright") != std::string::npos) << path;
    EXPECT_EQ(path.find("/conf"), std::string::npos) << path;
  }
}

TEST_F(CacheDriverTest, APurgeTakesTheDataToo) {
  Join();
  host_.files[paths_.data + "/dump.rdb"] = {host::FileType::kFile, "data", {0600, "redis", "redis"}, 1};
  CacheLeaveAction member;
  member.set_member(true);
  member.set_purge(true);
  member.add_keep_packages("redis-server");
  Must("cache.leave", member);
  EXPECT_FALSE(host_.files.contains(paths_.data + "/dump.rdb"));
  EXPECT_TRUE(host_.packages.contains("redis-server"));
  EXPECT_TRUE(Observed().has_sentinel());
}

TEST_F(CacheDriverTest, ARedisThatDoesNotStartIsToldInItsOwnWords) {
  host_.units[paths_.unit].fails_to_start = true;
  std::string asked;
  host_.program = [&](const ProcessRequest& request) -> Result<ProcessResult> {
    for (const std::string& word : request.argv) asked += word + " ";
    ProcessResult result;
    result.out =
        "7:C 22 Nov 2026 08:00:00.000 * Redis version=7.0.15\n"
        "7:M 22 Nov 2026 08:00:00.001 # Warning: Could not create server TCP listening socket *:6379: bind: Address "
        "already in use\n7:M 22 Nov 2026 08:00:00.002 # Failed listening on port 6379 (TCP), aborting.\n";
    return result;
  };
  const auto done = Run("cache.member.set", MemberAction());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message(),
            paths_.unit +
                " does not start: Warning: Could not create server TCP listening socket *:6379: bind: Address already "
                "in use; Failed listening on port 6379 (TCP), aborting.");
  EXPECT_THAT(asked, HasSubstr("_SYSTEMD_UNIT=" + paths_.unit));
}

TEST_F(CacheDriverTest, WhatIsNoAddressIsNotWrittenAnywhere) {
  CacheMemberAction action = MemberAction();
  (*action.mutable_topology()->mutable_members())["b"] = "10.0.0.2\nuser x on nopass";
  EXPECT_FALSE(Run("cache.member.set", action).ok());
  EXPECT_FALSE(host_.files.contains(paths_.settings));
}

}  // namespace
}  // namespace podwright::drivers
