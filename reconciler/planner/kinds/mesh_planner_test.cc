#include "reconciler/planner/kinds/mesh_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/database.pb.h"
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
using ::testing::SizeIs;

template <typename Message>
Message Payload(const v1::Action& action) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(action.payload()));
  return message;
}

// Servers and meshes in memory; actions change what is observed, as agents would.
class MeshPlannerTest : public ::testing::Test {
 protected:
  MeshPlannerTest() {
    spec_.set_range("10.90.0.0/24");
    for (const char* name : {"a", "b", "c"}) AddServer(name);
    Members({"a", "b", "c"});
  }

  void AddServer(const std::string& name, const ServerSpec& spec = {}) {
    facts_.PutObject(MakeTestObject("server", name, spec));
    AgentInput agent = MakeTestAgent(name);
    for (const char* verb : {"mesh.tools.install", "mesh.key.make", "mesh.key.stage", "mesh.key.switch",
                             "mesh.rules.apply", "mesh.interface.set", "mesh.peers.sync", "mesh.peers.announce",
                             "mesh.peer.follow", "mesh.names.write", "mesh.member.leave"}) {
      agent.verbs.insert(verb);
    }
    agent.capabilities = {{"wireguard", "kernel"}, {"nftables", "1"}};
    facts_.PutAgent(agent);
    ServerObserved seen;
    seen.set_address("192.0.2." + std::to_string(name[0] - 'a' + 1));
    facts_.PutObserved(MakeTestObserved({"server", name}, name, seen));
  }
  void Members(const std::vector<std::string>& names) {
    spec_.clear_members();
    for (const std::string& name : names) (*spec_.mutable_members())[name];
  }
  // As Apply does it.
  void Put(const std::string& name = "prod") { PutAs(name, spec_); }
  void PutAs(const std::string& name, const MeshSpec& spec, ObjectLifecycle lifecycle = ObjectLifecycle::kLive) {
    ObjectInput input = MakeTestObject("mesh", name, spec);
    input.lifecycle = lifecycle;
    input.uid = "uid-" + name;
    const auto* before = facts_.FindAllocation(input.key);
    std::shared_ptr<google::protobuf::Message> record =
        kind_.Allocate(input, before == nullptr ? nullptr : before->input.value.get());
    facts_.PutAllocation({input.key, std::move(record)});
    facts_.PutObject(std::move(input));
  }
  void PutUser(const std::string& kind, const std::string& name, const google::protobuf::Message& spec,
               ObjectLifecycle lifecycle = ObjectLifecycle::kLive) {
    ObjectInput input = MakeTestObject(kind, name, spec);
    input.lifecycle = lifecycle;
    facts_.PutObject(std::move(input));
  }
  MeshAllocation Allocation(const std::string& name = "prod") {
    return static_cast<const MeshAllocation&>(*facts_.FindAllocation({"mesh", name})->input.value);
  }
  v1::Slice Slice(const std::string& name = "prod") {
    const v1::Plan plan = planner_.PlanAll(facts_);
    for (const v1::Slice& slice : plan.slices()) {
      if (slice.object().kind() == "mesh" && slice.object().name() == name) return slice;
    }
    return {};
  }
  // "server verb subject", in the order of the slice.
  std::vector<std::string> Lines() {
    std::vector<std::string> out;
    const v1::Slice slice = Slice();
    EXPECT_EQ(slice.error(), "");
    for (const v1::Action& action : slice.actions()) {
      out.push_back(action.server() + " " + action.verb() + " " + action.subject());
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
  }
  void Do(const v1::Action& action) {
    MeshObserved& is = seen_[action.server()];
    const std::string& verb = action.verb();
    const auto bound = [&](const std::string& name) { return Bound(action, name); };
    if (verb == "mesh.key.make") {
      is.set_key_version(Payload<MeshKeyAction>(action).version());
      is.set_public_key("key-" + action.server() + std::to_string(is.key_version()));
    } else if (verb == "mesh.key.stage") {
      is.set_next_key_version(Payload<MeshKeyAction>(action).version());
      is.set_next_public_key("key-" + action.server() + std::to_string(is.next_key_version()));
    } else if (verb == "mesh.key.switch") {
      is.set_public_key(is.next_public_key());
      is.set_key_version(is.next_key_version());
      is.clear_next_public_key();
      is.clear_next_key_version();
    } else if (verb == "mesh.rules.apply") {
      is.set_rules(kinds::MeshRulesDigest(Payload<MeshRulesAction>(action)));
    } else if (verb == "mesh.names.write") {
      is.set_names(kinds::MeshNamesDigest(Payload<MeshNamesAction>(action)));
    } else if (verb == "mesh.interface.set") {
      const auto payload = Payload<MeshInterfaceAction>(action);
      is.set_interface(payload.interface());
      is.set_address(payload.address());
      is.set_port(payload.port());
    } else if (verb == "mesh.peers.sync") {
      const auto payload = Payload<MeshPeersAction>(action);
      for (const std::string& name : payload.remove()) is.mutable_peers()->erase(name);
      for (const auto& [name, peer] : payload.set()) {
        MeshObservedPeer& one = (*is.mutable_peers())[name];
        one.set_address(peer.address());
        one.set_keepalive(peer.keepalive_ms());
        one.set_public_key(bound("key/" + name));
        one.set_endpoint(peer.endpoint().empty() ? kinds::JoinHostPort(bound("endpoint/" + name), peer.port())
                                                 : peer.endpoint());
      }
    } else if (verb == "mesh.peers.announce") {
      const auto payload = Payload<MeshAnnounceAction>(action);
      for (const std::string& name : payload.peers()) {
        (*is.mutable_peers())[name].set_next_public_key(bound("next/" + name));
      }
    } else if (verb == "mesh.peer.follow") {
      MeshObservedPeer& peer = is.mutable_peers()->at(Payload<MeshFollowAction>(action).peer());
      peer.set_public_key(peer.next_public_key());
      peer.clear_next_public_key();
    } else if (verb == "mesh.member.leave") {
      seen_.erase(action.server());
      facts_.RemoveObserved({"mesh", action.object().name()}, action.server());
      return;
    }
    if (is.managed().empty()) is.add_managed("key:");
    facts_.PutObserved(MakeTestObserved({"mesh", action.object().name()}, action.server(), is));
  }
  std::string Bound(const v1::Action& action, const std::string& name) {
    for (const v1::FactBinding& binding : action.bindings()) {
      if (binding.name() != name) continue;
      if (binding.object().kind() == "server") {
        EXPECT_EQ(binding.path(), "address");
        const auto* fact = facts_.FindObserved({"server", binding.object().name()}, binding.server());
        return static_cast<const ServerObserved&>(*fact->input.observed).address();
      }
      return binding.path() == "public_key" ? seen_[binding.server()].public_key()
                                            : seen_[binding.server()].next_public_key();
    }
    ADD_FAILURE() << "nothing is bound to " << name;
    return "";
  }

  MeshSpec spec_;
  FactBase facts_;
  MeshPlanner kind_;
  KindPlanners kinds_ = TestingPlanners();
  Planner planner_{kinds_};
  std::map<std::string, MeshObserved> seen_;
};

TEST_F(MeshPlannerTest, AFirstApplyIsOnePlanAndTheNextIsEmpty) {
  Members({"a", "b"});
  Put();
  EXPECT_THAT(Lines(),
              ElementsAre("a mesh.tools.install tools", "a mesh.key.make key", "a mesh.rules.apply rules",
                          "a mesh.interface.set pw-prod", "b mesh.tools.install tools", "b mesh.key.make key",
                          "b mesh.rules.apply rules", "b mesh.interface.set pw-prod", "a mesh.peers.sync peers",
                          "a mesh.names.write names", "b mesh.peers.sync peers", "b mesh.names.write names"));
  const v1::Action sync = Action("a", "mesh.peers.sync");
  EXPECT_THAT(sync.depends_on(), Contains(Action("b", "mesh.key.make").id()));
  EXPECT_THAT(sync.depends_on(), Contains(Action("a", "mesh.interface.set").id()));
  ASSERT_EQ(sync.bindings_size(), 2);
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MeshPlannerTest, AddressesAreGivenOnceAndToNobodyElse) {
  Put();
  EXPECT_EQ(Allocation().places().at("a"), 1U);
  EXPECT_EQ(Allocation().places().at("c"), 3U);
  Members({"b", "c"});
  Put();
  AddServer("d");
  Members({"b", "c", "d"});
  Put();
  EXPECT_EQ(Allocation().places().at("d"), 4U);
  Members({"a", "b", "c", "d"});
  Put();
  EXPECT_EQ(Allocation().places().at("a"), 1U);
  EXPECT_EQ(Allocation().next(), 4U);
}

TEST_F(MeshPlannerTest, ARangeThatIsTooSmallSaysHowManyAreNeeded) {
  spec_.set_range("10.90.0.0/30");
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("10.90.0.0/30 has 2 addresses for members, and 3 are needed"));
  EXPECT_EQ(Allocation().places_size(), 0);
  Members({"a", "b"});
  Put();
  CarryOut();
  Members({"a", "c"});
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("3 are needed (1 are those of former members"));
}

TEST_F(MeshPlannerTest, AMemberThatIsAddedMovesNothingElse) {
  Members({"a", "b"});
  Put();
  CarryOut();
  Members({"a", "b", "c"});
  Put();
  const auto payload = Payload<MeshPeersAction>(Action("a", "mesh.peers.sync"));
  EXPECT_EQ(payload.set_size(), 1);
  EXPECT_TRUE(payload.set().contains("c"));
  EXPECT_EQ(Action("a", "mesh.peers.sync").disruption(), v1::DISRUPTION_NONE);
  EXPECT_THAT(Lines(), Not(Contains("a mesh.interface.set pw-prod")));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MeshPlannerTest, AMemberThatIsRemovedIsForgottenByAllAndCleansUp) {
  Put();
  CarryOut();
  Members({"a", "b"});
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a mesh.peers.sync peers", "a mesh.names.write names", "b mesh.peers.sync peers",
                                   "b mesh.names.write names", "c mesh.member.leave c"));
  EXPECT_THAT(Payload<MeshPeersAction>(Action("a", "mesh.peers.sync")).remove(), ElementsAre("c"));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MeshPlannerTest, ADeletedMeshLeavesEveryServer) {
  Put();
  CarryOut();
  PutAs("prod", spec_, ObjectLifecycle::kTombstone);
  EXPECT_THAT(Lines(), ElementsAre("a mesh.member.leave a", "b mesh.member.leave b", "c mesh.member.leave c",
                                   " object.forget mesh/prod"));
}

TEST_F(MeshPlannerTest, WhatOthersUseIsNotTakenAwayWithAMember) {
  Put();
  CarryOut();
  MeshSpec other;
  other.set_range("10.91.0.0/24");
  other.set_port(51821);
  (*other.mutable_members())["a"];
  PutAs("other", other);
  ServerSpec with_tools;
  (*with_tools.mutable_packages())["wireguard-go"];
  facts_.PutObject(MakeTestObject("server", "b", with_tools));
  PutAs("prod", spec_, ObjectLifecycle::kTombstone);
  EXPECT_THAT(Payload<MeshLeaveAction>(Action("a", "mesh.member.leave")).keep_packages(), Contains("wireguard-tools"));
  EXPECT_THAT(Payload<MeshLeaveAction>(Action("b", "mesh.member.leave")).keep_packages(), ElementsAre("wireguard-go"));
  EXPECT_THAT(Payload<MeshLeaveAction>(Action("c", "mesh.member.leave")).keep_packages(), IsEmpty());
}

TEST_F(MeshPlannerTest, RotationGoesMemberByMemberAndTheOthersFollow) {
  Members({"a", "b"});
  Put();
  CarryOut();
  spec_.set_key_version(2);
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a mesh.key.stage next-key", "b mesh.key.stage next-key",
                                   "a mesh.peers.announce keys", "b mesh.peers.announce keys", "b mesh.peer.follow a",
                                   "a mesh.key.switch key", "a mesh.peer.follow b", "b mesh.key.switch key"));
  const v1::Slice slice = Slice();
  const auto& first = slice.actions(5);
  const auto& second = slice.actions(7);
  EXPECT_EQ(first.disruption(), v1::DISRUPTION_RELOAD);
  EXPECT_THAT(first.depends_on(), Not(Contains(slice.actions(4).id())));  // they run together
  EXPECT_THAT(first.depends_on(), Contains(slice.actions(3).id()));
  EXPECT_THAT(slice.actions(6).depends_on(), Contains(first.id()));
  EXPECT_THAT(second.depends_on(), Contains(slice.actions(4).id()));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_EQ(seen_["a"].public_key(), "key-a2");
  EXPECT_EQ(seen_["b"].peers().at("a").public_key(), "key-a2");
}

TEST_F(MeshPlannerTest, ARotationThatWasBrokenOffGoesOnFromThere) {
  Put();
  CarryOut();
  spec_.set_key_version(2);
  Put();
  const v1::Slice slice = Slice();
  for (const v1::Action& action : slice.actions()) {
    if (action.verb() == "mesh.peer.follow") break;
    Do(action);
  }
  // a switches, c does not hear of it.
  for (const v1::Action& action : slice.actions()) {
    const bool done = action.server() == "b" && action.verb() == "mesh.peer.follow" && action.subject() == "a";
    if (done || (action.server() == "a" && action.verb() == "mesh.key.switch")) Do(action);
  }
  const auto payload = Payload<MeshPeersAction>(Action("c", "mesh.peers.sync"));
  EXPECT_EQ(payload.set_size(), 1);
  EXPECT_TRUE(payload.set().contains("a"));
  EXPECT_THAT(Lines(), Not(Contains("a mesh.key.stage next-key")));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MeshPlannerTest, RulesStandWhereTheyLetInAndNamePeersByAddress) {
  MeshRule& rule = (*spec_.mutable_rules())["db"];
  rule.add_from("a");
  rule.add_from("b");
  rule.add_to("b");
  rule.set_port(5432);
  Put();
  const auto on_b = Payload<MeshRulesAction>(Action("b", "mesh.rules.apply"));
  ASSERT_EQ(on_b.lines_size(), 1);
  EXPECT_THAT(on_b.lines(0).sources(), ElementsAre("10.90.0.1"));
  EXPECT_EQ(on_b.lines(0).port_end(), 5432);
  EXPECT_FALSE(on_b.allow());
  EXPECT_THAT(Payload<MeshRulesAction>(Action("c", "mesh.rules.apply")).lines(), IsEmpty());
  CarryOut();
  rule.set_port(5433);
  Put();
  EXPECT_THAT(Lines(), ElementsAre("b mesh.rules.apply rules"));
}

TEST_F(MeshPlannerTest, AnotherPortReachesTheOthersAndTheServersFirewall) {
  ServerSpec guarded;
  guarded.mutable_firewall();
  facts_.PutObject(MakeTestObject("server", "a", guarded));
  Put();
  CarryOut();
  RecordingReader reader(facts_);
  EXPECT_EQ(MeshPortsOf("a", reader), (std::map<std::string, std::int64_t>{{"pw-prod", 51820}}));
  spec_.set_port(4000);
  Put();
  EXPECT_EQ(Action("a", "mesh.interface.set").disruption(), v1::DISRUPTION_RELOAD);
  EXPECT_THAT(Lines(), Contains("b mesh.peers.sync peers"));
  const v1::Plan plan = planner_.PlanAll(facts_);
  const FirewallAction firewall = [&] {
    for (const v1::Slice& slice : plan.slices()) {
      for (const v1::Action& action : slice.actions()) {
        if (action.verb() == "server.firewall.apply") return Payload<FirewallAction>(action);
      }
    }
    return FirewallAction();
  }();
  EXPECT_EQ(firewall.meshes().at("pw-prod"), 4000);
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MeshPlannerTest, AnEndpointThatWasDeclaredIsTakenAndOtherwiseTheServersOwn) {
  (*spec_.mutable_members())["b"].set_endpoint("vpn.example.com:4000");
  Put();
  const v1::Action sync = Action("a", "mesh.peers.sync");
  EXPECT_EQ(Payload<MeshPeersAction>(sync).set().at("b").endpoint(), "vpn.example.com:4000");
  EXPECT_THAT(sync.bindings(), SizeIs(3));
  CarryOut();
  ServerObserved moved;
  moved.set_address("198.51.100.7");
  facts_.PutObserved(MakeTestObserved({"server", "c"}, "c", moved));
  EXPECT_THAT(Lines(), ElementsAre("a mesh.peers.sync peers", "b mesh.peers.sync peers"));
  EXPECT_TRUE(Payload<MeshPeersAction>(Action("a", "mesh.peers.sync")).set().contains("c"));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(MeshPlannerTest, DriftIsPlannedWhereItIs) {
  Put();
  CarryOut();
  seen_["a"].mutable_peers()->erase("b");
  seen_["b"].clear_names();
  seen_["c"].clear_interface();
  for (const auto& [server, is] : seen_) facts_.PutObserved(MakeTestObserved({"mesh", "prod"}, server, is));
  EXPECT_THAT(Lines(),
              ElementsAre("c mesh.interface.set pw-prod", "a mesh.peers.sync peers", "b mesh.names.write names"));
}

TEST_F(MeshPlannerTest, DatabasesAndCachesHaveNamesWithTheAddressesOfTheirMembers) {
  Put();
  CarryOut();
  ASSERT_THAT(Lines(), IsEmpty());
  DatabaseSpec database;
  database.set_mesh("prod");
  database.add_members("c");
  database.add_members("a");
  PutUser("database", "orders", database);
  CacheSpec cache;
  cache.set_mesh("prod");
  cache.add_members("b");
  PutUser("cache", "sessions", cache);
  cache.set_mesh("elsewhere");
  PutUser("cache", "others", cache);
  EXPECT_THAT(Lines(), ElementsAre("a mesh.names.write names", "b mesh.names.write names", "c mesh.names.write names"));
  const v1::Action action = Action("b", "mesh.names.write");
  EXPECT_EQ(action.summary(), "write the names of 3 members and orders and sessions to /etc/hosts");
  const auto names = Payload<MeshNamesAction>(action);
  EXPECT_EQ(names.services_size(), 2);
  EXPECT_THAT(names.services().at("orders.prod.internal").addresses(), ElementsAre("10.90.0.1", "10.90.0.3"));
  EXPECT_THAT(names.services().at("sessions.prod.internal").addresses(), ElementsAre("10.90.0.2"));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());

  PutUser("database", "orders", database, ObjectLifecycle::kTombstone);
  EXPECT_EQ(Payload<MeshNamesAction>(Action("a", "mesh.names.write")).services_size(), 1);
}

TEST_F(MeshPlannerTest, TwoThatWouldHaveOneNameAreRefused) {
  Put();
  DatabaseSpec database;
  database.set_mesh("prod");
  database.add_members("a");
  PutUser("database", "b", database);
  EXPECT_THAT(Slice().error(), HasSubstr("server/b and database/b are both in mesh/prod, where both would be "
                                         "b.prod.internal: give one of them another name"));
  facts_.RemoveObject({"database", "b"});
  PutUser("database", "shop", database);
  CacheSpec cache;
  cache.set_mesh("prod");
  cache.add_members("a");
  PutUser("cache", "shop", cache);
  EXPECT_THAT(Slice().error(), HasSubstr("cache/shop and database/shop are both in mesh/prod"));
}

TEST_F(MeshPlannerTest, WhatCannotBeIsAnErrorBeforeAnythingIsDone) {
  MeshSpec other;
  other.set_range("10.90.0.128/25");
  other.set_port(51821);
  (*other.mutable_members())["b"];
  PutAs("other", other);
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("mesh/prod and mesh/other are both on server/b, and their ranges overlap: "
                                         "10.90.0.0/24 and 10.90.0.128/25"));
  other.set_range("10.91.0.0/24");
  other.clear_port();
  PutAs("other", other);
  EXPECT_THAT(Slice().error(), HasSubstr("both have the UDP port 51820"));
  facts_.RemoveObject({"mesh", "other"});
  EXPECT_EQ(Slice().error(), "");

  ServerSpec hosts;
  (*hosts.mutable_files())["/etc/hosts"].set_content("x");
  facts_.PutObject(MakeTestObject("server", "a", hosts));
  EXPECT_THAT(Slice().error(), HasSubstr("server/a declares the file /etc/hosts"));
  facts_.PutObject(MakeTestObject("server", "a", ServerSpec()));

  AgentInput weak = facts_.FindAgent("c")->input;
  weak.capabilities.erase("wireguard");
  facts_.PutAgent(weak);
  EXPECT_THAT(Slice().error(), HasSubstr("server/c can do neither"));
  weak.verbs.erase("mesh.key.make");
  facts_.PutAgent(weak);
  EXPECT_THAT(Slice().error(), HasSubstr("needs a newer podwright-agent"));
  facts_.RemoveObject({"server", "c"});
  EXPECT_THAT(Slice().error(), HasSubstr("server/c does not exist"));
}

TEST_F(MeshPlannerTest, StatusShowsAddressesAndWhatDiffers) {
  Put();
  const StatusReader reader(facts_, [](std::string_view) { return true; });
  const ObjectInput& object = facts_.FindObject({"mesh", "prod"})->input;
  auto status = kind_.ComputeStatus(object, reader);
  EXPECT_EQ(static_cast<MeshStatus&>(*status).addresses().at("b"), "10.90.0.2");
  EXPECT_EQ(static_cast<MeshStatus&>(*status).domain(), "prod.internal");
  EXPECT_FALSE(static_cast<MeshStatus&>(*status).in_sync());
  CarryOut();
  status = kind_.ComputeStatus(object, reader);
  EXPECT_TRUE(static_cast<MeshStatus&>(*status).in_sync()) << status->DebugString();
  EXPECT_EQ(static_cast<MeshStatus&>(*status).interface(), "pw-prod");
}

TEST_F(MeshPlannerTest, WhatIsFoundIsReadAsItIs) {
  (*spec_.mutable_rules())["web"].set_port(80);
  Put();
  const auto found = [&] {
    const StatusReader reader(facts_, [](std::string_view) { return true; });
    const auto actual = kind_.ActualSpec(facts_.FindObject({"mesh", "prod"})->input, reader);
    return actual == nullptr ? MeshSpec() : static_cast<const MeshSpec&>(*actual);
  };
  EXPECT_EQ(found().members_size(), 0);
  CarryOut();
  EXPECT_EQ(found().members_size(), 0) << "nothing differs";
  seen_["b"].clear_interface();
  for (const auto& [server, is] : seen_) facts_.PutObserved(MakeTestObserved({"mesh", "prod"}, server, is));
  EXPECT_TRUE(found().members().contains("a"));
  EXPECT_FALSE(found().members().contains("b"));
  EXPECT_TRUE(found().rules().contains("web"));
  seen_["b"].set_interface("pw-prod");
  seen_["c"].clear_rules();
  for (const auto& [server, is] : seen_) facts_.PutObserved(MakeTestObserved({"mesh", "prod"}, server, is));
  EXPECT_TRUE(found().members().contains("b"));
  EXPECT_FALSE(found().rules().contains("web"));
}

}  // namespace
}  // namespace podwright::planner
