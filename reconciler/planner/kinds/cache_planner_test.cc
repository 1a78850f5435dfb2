#include "reconciler/planner/kinds/cache_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinds/cache/cache_form.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

template <typename Message>
Message Payload(const v1::Action& action) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(action.payload()));
  return message;
}

// Servers and a cache in memory; actions change what is observed, as agents would.
class CachePlannerTest : public ::testing::Test {
 protected:
  CachePlannerTest() {
    for (const char* name : {"a", "b", "c", "d"}) AddServer(name);
    for (const char* name : {"a", "b"}) spec_.add_members(name);
    for (const char* name : {"a", "b", "c"}) spec_.mutable_sentinel()->add_servers(name);
    facts_.PutSecret({InternalSecretName({"cache", "shop"}, "replication"), 1, {}, {}});
    facts_.PutSecret({"app-password", 3, {}, {}});
  }

  void AddServer(const std::string& name) {
    facts_.PutObject(MakeTestObject("server", name, ServerSpec()));
    AgentInput agent = MakeTestAgent(name);
    for (const char* verb :
         {"cache.tools.install", "cache.member.set", "cache.users.set", "cache.sentinel.set", "cache.sentinel.forget",
          "cache.failover", "cache.leave", "mesh.tools.install", "mesh.key.make", "mesh.key.stage", "mesh.key.switch",
          "mesh.rules.apply", "mesh.interface.set", "mesh.peers.sync", "mesh.peers.announce", "mesh.peer.follow",
          "mesh.names.write", "mesh.member.leave"}) {
      agent.verbs.insert(verb);
    }
    agent.capabilities = {{"wireguard", "kernel"}, {"nftables", "1"}};
    facts_.PutAgent(agent);
    SetAddress(name, "192.0.2." + std::to_string(name[0] - 'a' + 1));
  }
  void SetAddress(const std::string& name, const std::string& address) {
    addresses_[name] = address;
    ServerObserved seen;
    seen.set_address(address);
    facts_.PutObserved(MakeTestObserved({"server", name}, name, seen));
  }
  // As Apply does it.
  void Put(ObjectLifecycle lifecycle = ObjectLifecycle::kLive) {
    ObjectInput input = MakeTestObject("cache", "shop", spec_);
    input.lifecycle = lifecycle;
    input.uid = "uid";
    const auto* before = facts_.FindAllocation(input.key);
    std::shared_ptr<google::protobuf::Message> record =
        kind_.Allocate(input, before == nullptr ? nullptr : before->input.value.get());
    facts_.PutAllocation({input.key, std::move(record)});
    facts_.PutObject(std::move(input));
  }
  v1::Slice Slice() {
    const v1::Plan plan = planner_.PlanAll(facts_);
    for (const v1::Slice& slice : plan.slices()) {
      if (slice.object().kind() == "cache") return slice;
    }
    return {};
  }
  // "server verb", in the order of the slice.
  std::vector<std::string> Lines() {
    std::vector<std::string> out;
    const v1::Slice slice = Slice();
    EXPECT_EQ(slice.error(), "");
    for (const v1::Action& action : slice.actions()) {
      if (action.verb() != "object.forget") out.push_back(action.server() + " " + action.verb());
    }
    return out;
  }
  v1::Action Action(const std::string& server, const std::string& verb) {
    const v1::Slice slice = Slice();
    for (const v1::Action& action : slice.actions()) {
      if (action.server() == server && action.verb() == verb) return action;
    }
    ADD_FAILURE() << "no " << verb << " on " << server << ": " << slice.error();
    return {};
  }

  // ---- what agents would do ----
  void CarryOut() {
    const v1::Slice slice = Slice();
    ASSERT_EQ(slice.error(), "");
    for (const v1::Action& action : slice.actions()) Do(action);
    Observe();
  }
  void Do(const v1::Action& action) {
    CacheObserved& is = seen_[action.server()];
    const std::string& verb = action.verb();
    if (verb == "cache.member.set") {
      const auto payload = Payload<CacheMemberAction>(action);
      if (!is.has_member()) {
        is.set_wish(payload.wish());
        is.mutable_member()->set_role(payload.first_primary() == action.server() ? "primary" : "replica");
      }
      is.mutable_member()->set_running(true);
      is.mutable_member()->set_settings(kinds::CacheMemberDigest(payload));
      *is.mutable_member()->mutable_addresses() = Known(payload.topology());
    } else if (verb == "cache.users.set") {
      is.mutable_member()->set_users(kinds::CacheUsersDigest(Payload<CacheUsersAction>(action)));
    } else if (verb == "cache.sentinel.set") {
      const auto payload = Payload<CacheSentinelAction>(action);
      is.mutable_sentinel()->set_running(true);
      is.mutable_sentinel()->set_settings(kinds::CacheSentinelDigest(payload));
      *is.mutable_sentinel()->mutable_addresses() = Known(payload.topology());
      if (!is.sentinel().has_primary_address()) {
        is.mutable_sentinel()->set_primary_address(addresses_[payload.first_primary()] + ":6379");
      }
    } else if (verb == "cache.failover") {
      Move(action.server());
      is.set_wish(Payload<CacheFailoverAction>(action).wish());
    } else if (verb == "cache.leave") {
      if (Payload<CacheLeaveAction>(action).member()) is.clear_member();
      if (Payload<CacheLeaveAction>(action).sentinel()) is.clear_sentinel();
    }
    is.clear_managed();
    if (is.has_member()) is.add_managed("redis:");
    if (is.has_sentinel()) is.add_managed("sentinel:");
  }
  google::protobuf::Map<std::string, std::string> Known(const CacheTopology& topology) {
    google::protobuf::Map<std::string, std::string> out;
    for (const auto* servers : {&topology.members(), &topology.sentinels()}) {
      for (const auto& [name, address] : *servers) out[name] = address.empty() ? addresses_[name] : address;
    }
    return out;
  }
  // By itself or because it was wished for.
  void Move(const std::string& to) {
    for (auto& [name, is] : seen_) {
      if (is.has_member()) is.mutable_member()->set_role(name == to ? "primary" : "replica");
      if (is.has_sentinel()) is.mutable_sentinel()->set_primary_address(addresses_[to] + ":6379");
    }
  }
  void Observe() {
    for (const auto& [name, is] : seen_) {
      facts_.PutObserved(MakeTestObserved({"cache", "shop"}, name, is));
    }
  }
  void Establish() {
    Put();
    CarryOut();
    ASSERT_THAT(Lines(), IsEmpty());
  }
  CacheStatus Status() {
    const auto* object = facts_.FindObject({"cache", "shop"});
    const StatusReader reader(facts_, [](std::string_view) { return true; });
    const auto status = kind_.ComputeStatus(object->input, reader);
    return static_cast<const CacheStatus&>(*status);
  }

  CacheSpec spec_;
  FactBase facts_;
  CachePlanner kind_;
  KindPlanners kinds_ = TestingPlanners();
  Planner planner_{kinds_};
  std::map<std::string, CacheObserved> seen_;
  std::map<std::string, std::string> addresses_;
};

TEST_F(CachePlannerTest, AFirstApplyIsOnePlanAndTheNextIsEmpty) {
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a cache.tools.install", "b cache.tools.install", "c cache.tools.install",
                                   "a cache.member.set", "b cache.member.set", "a cache.users.set", "b cache.users.set",
                                   "a cache.sentinel.set", "b cache.sentinel.set", "c cache.sentinel.set"));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(CachePlannerTest, TheWishIsTheFirstPrimary) {
  spec_.set_primary("b");
  Put();
  EXPECT_EQ(Payload<CacheMemberAction>(Action("a", "cache.member.set")).first_primary(), "b");
  EXPECT_THAT(Action("b", "cache.member.set").summary(), HasSubstr("as the primary"));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_EQ(Status().primary(), "b");
}

TEST_F(CachePlannerTest, ARoleThatMovedByItselfIsStatusAndNoDifference) {
  spec_.set_primary("a");
  Establish();
  Move("b");
  Observe();
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_EQ(Status().primary(), "b");
  EXPECT_TRUE(Status().in_sync());
}

TEST_F(CachePlannerTest, AChangedWishIsAPlannedFailoverOnce) {
  spec_.set_primary("a");
  Establish();
  spec_.set_primary("b");
  Put();
  const v1::Action action = Action("b", "cache.failover");
  EXPECT_EQ(action.disruption(), v1::DISRUPTION_FAILOVER);
  EXPECT_EQ(action.downtime_ms(), kCacheFailoverMs);
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
  Move("a");
  Observe();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(CachePlannerTest, AWishBackToTheFormerMemberCountsAgain) {
  spec_.set_primary("a");
  Establish();
  spec_.set_primary("b");
  Put();
  CarryOut();
  spec_.set_primary("a");
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a cache.failover"));
}

TEST_F(CachePlannerTest, AWishForWhoIsThePrimaryAlreadyMovesNothing) {
  Establish();
  spec_.set_primary("a");
  Put();
  EXPECT_EQ(Action("a", "cache.failover").disruption(), v1::DISRUPTION_NONE);
  CarryOut();
  Move("b");
  Observe();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(CachePlannerTest, AChangedSettingChangesRunningMembersOnly) {
  Establish();
  spec_.set_memory(64 << 20);
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a cache.member.set", "b cache.member.set"));
  EXPECT_EQ(Action("a", "cache.member.set").disruption(), v1::DISRUPTION_NONE);
  EXPECT_EQ(Payload<CacheMemberAction>(Action("a", "cache.member.set")).memory(), 64 << 20);
}

TEST_F(CachePlannerTest, ANewVersionOfAPasswordGoesToEveryMember) {
  (*spec_.mutable_users())["app"].mutable_password()->set_secret("app-password");
  facts_.PutObject(MakeTestObject("secret", "app-password", SecretSpec()));
  Establish();
  facts_.PutSecret({"app-password", 4, {}, {}});
  EXPECT_THAT(Lines(), ElementsAre("a cache.users.set", "b cache.users.set"));
  const v1::Action action = Action("a", "cache.users.set");
  ASSERT_EQ(action.secrets_size(), 1);
  EXPECT_EQ(action.secrets(0).version(), 4);
}

TEST_F(CachePlannerTest, AMemberThatJoinsFollowsThePrimaryThatIs) {
  Establish();
  Move("b");
  Observe();
  spec_.add_members("d");
  Put();
  EXPECT_THAT(Lines(), Contains("d cache.member.set"));
  EXPECT_EQ(Payload<CacheMemberAction>(Action("d", "cache.member.set")).first_primary(), "b");
  EXPECT_THAT(Lines(), Not(Contains("b cache.failover")));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(CachePlannerTest, APrimaryThatLeavesIsReplacedFirst) {
  Establish();
  spec_.clear_members();
  spec_.add_members("b");
  spec_.add_members("d");
  Put();
  const v1::Action failover = Action("b", "cache.failover");
  const v1::Action leave = Action("a", "cache.leave");
  EXPECT_THAT(leave.depends_on(), Contains(failover.id()));
  EXPECT_THAT(Lines(), Contains("c cache.sentinel.forget"));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(CachePlannerTest, SentinelsForgetOneAfterTheOther) {
  Establish();
  for (const char* name : {"a", "b", "c"}) seen_[name].mutable_sentinel()->add_strangers("192.0.2.9");
  Observe();
  EXPECT_THAT(Lines(), ElementsAre("a cache.sentinel.forget", "b cache.sentinel.forget", "c cache.sentinel.forget"));
  EXPECT_THAT(Action("c", "cache.sentinel.forget").depends_on(), Contains(Action("b", "cache.sentinel.forget").id()));
}

TEST_F(CachePlannerTest, AnAddressThatMovedIsTold) {
  Establish();
  SetAddress("c", "192.0.2.77");
  EXPECT_THAT(Lines(), ElementsAre("a cache.member.set", "b cache.member.set", "a cache.sentinel.set",
                                   "b cache.sentinel.set", "c cache.sentinel.set"));
}

TEST_F(CachePlannerTest, AddressesThatAreNotKnownYetAreBound) {
  Put();
  const v1::Action action = Action("a", "cache.member.set");
  std::vector<std::string> names;
  for (const auto& binding : action.bindings()) names.push_back(binding.name());
  EXPECT_THAT(names, ElementsAre("address/a", "address/b", "address/c"));
}

TEST_F(CachePlannerTest, TwoCachesWithOnePortOnAServerAreRefused) {
  Put();
  CacheSpec other;
  other.add_members("a");
  facts_.PutObject(MakeTestObject("cache", "other", other));
  EXPECT_THAT(Slice().error(), HasSubstr("server/a has the port 6379 twice"));
}

TEST_F(CachePlannerTest, AServerOutsideOfTheMeshIsRefused) {
  MeshSpec mesh;
  mesh.set_range("10.90.0.0/24");
  (*mesh.mutable_members())["a"];
  facts_.PutObject(MakeTestObject("mesh", "prod", mesh));
  spec_.set_mesh("prod");
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("server/b is no member of mesh/prod"));
}

TEST_F(CachePlannerTest, OverAMeshTheAddressesAreTheMeshs) {
  MeshSpec mesh;
  mesh.set_range("10.90.0.0/24");
  MeshAllocation places;
  places.set_interface("pw-prod");
  for (const char* name : {"a", "b", "c"}) {
    (*mesh.mutable_members())[name];
    (*places.mutable_places())[name] = static_cast<std::uint64_t>(name[0] - 'a' + 1);
  }
  facts_.PutObject(MakeTestObject("mesh", "prod", mesh));
  facts_.PutAllocation({{"mesh", "prod"}, std::make_shared<MeshAllocation>(places)});
  spec_.set_mesh("prod");
  Put();
  const auto payload = Payload<CacheMemberAction>(Action("a", "cache.member.set"));
  EXPECT_EQ(payload.topology().members().at("b"), "10.90.0.2");
  EXPECT_EQ(payload.topology().mesh_interface(), "pw-prod");
  EXPECT_TRUE(Action("a", "cache.member.set").bindings().empty());
}

TEST_F(CachePlannerTest, AServersFirewallLetsInWhatTheCacheIsThere) {
  Put();
  const ObjectInput& object = facts_.FindObject({"cache", "shop"})->input;
  RecordingReader reader(facts_);
  std::vector<std::int64_t> ports;
  for (const ServicePort& port : kind_.PortsOn(object, "a", reader)) ports.push_back(port.port);
  EXPECT_THAT(ports, ElementsAre(7443, 6379, 26379));
  EXPECT_THAT(kind_.PortsOn(object, "d", reader), IsEmpty());
}

TEST_F(CachePlannerTest, ProtectionKeepsFromDeletion) {
  Establish();
  Put(ObjectLifecycle::kTombstone);
  EXPECT_THAT(Slice().error(), HasSubstr("protected"));
}

TEST_F(CachePlannerTest, DeletionTakesSentinelsFirstAndKeepsTheData) {
  spec_.set_deletion_protection(false);
  Establish();
  Put(ObjectLifecycle::kTombstone);
  EXPECT_THAT(Lines(),
              ElementsAre("a cache.leave", "b cache.leave", "c cache.leave", "a cache.leave", "b cache.leave"));
  const v1::Slice slice = Slice();
  for (const v1::Action& action : slice.actions()) EXPECT_NE(action.disruption(), v1::DISRUPTION_DATA_LOSS);
}

TEST_F(CachePlannerTest, APurgeIsMarkedAsDataLoss) {
  spec_.set_deletion_protection(false);
  spec_.set_purge(true);
  Establish();
  Put(ObjectLifecycle::kTombstone);
  const v1::Slice slice = Slice();
  EXPECT_EQ(slice.actions(3).disruption(), v1::DISRUPTION_DATA_LOSS);
  EXPECT_THAT(slice.actions(3).summary(), HasSubstr("WITH ITS DATA"));
}

TEST_F(CachePlannerTest, WhatIsFoundIsReadAsItIs) {
  (*spec_.mutable_users())["app"].mutable_password()->set_secret("app-password");
  spec_.set_memory(64 << 20);
  Put();
  const auto found = [&] {
    const StatusReader reader(facts_, [](std::string_view) { return true; });
    const auto actual = kind_.ActualSpec(facts_.FindObject({"cache", "shop"})->input, reader);
    return actual == nullptr ? CacheSpec() : static_cast<const CacheSpec&>(*actual);
  };
  EXPECT_EQ(found().members_size(), 0);
  CarryOut();
  EXPECT_EQ(found().members_size(), 0) << "nothing differs";
  seen_["b"].mutable_member()->clear_running();
  seen_["c"].mutable_sentinel()->clear_running();
  Observe();
  EXPECT_THAT(found().members(), ElementsAre("a"));
  EXPECT_THAT(found().sentinel().servers(), ElementsAre("a", "b"));
  EXPECT_TRUE(found().users().contains("app"));
  EXPECT_EQ(found().memory(), 64 << 20);
  seen_["b"].mutable_member()->set_running(true);
  seen_["c"].mutable_sentinel()->set_running(true);
  seen_["a"].mutable_member()->clear_users();
  seen_["b"].mutable_member()->clear_settings();
  Observe();
  EXPECT_THAT(found().members(), ElementsAre("a", "b"));
  EXPECT_FALSE(found().users().contains("app"));
  EXPECT_FALSE(found().has_memory());
}

}  // namespace
}  // namespace podwright::planner
