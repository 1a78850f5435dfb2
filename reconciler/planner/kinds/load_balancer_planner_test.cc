#include "reconciler/planner/kinds/load_balancer_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"
#include "kinds/load_balancer/upstream_text.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/database.pb.h"
#include "podwright/v1/kinds/load_balancer.pb.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/server_firewall.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Servers and balancers in memory; actions change what is observed, as agents would.
class LoadBalancerPlannerTest : public ::testing::Test {
 protected:
  LoadBalancerPlannerTest() {
    for (const char* name : {"a", "b", "w"}) AddServer(name, true);
    spec_.add_servers("a");
    (*spec_.mutable_listeners())["web"].set_port(80);
    (*(*spec_.mutable_backends())["app"].mutable_servers())["w"].set_port(8080);
    (*spec_.mutable_routes())["root"].set_backend("app");
  }

  void AddServer(const std::string& name, bool seen, const ServerSpec& spec = {}) {
    facts_.PutObject(MakeTestObject("server", name, spec));
    AgentInput agent = MakeTestAgent(name);
    for (const char* verb :
         {"load_balancer.tools.install", "load_balancer.http.configure", "load_balancer.streams.configure",
          "load_balancer.http.remove", "load_balancer.streams.remove", "load_balancer.leave"}) {
      agent.verbs.insert(verb);
    }
    agent.capabilities = {{"nftables", "1"}};
    facts_.PutAgent(agent);
    if (!seen) return;
    ServerObserved observed;
    observed.set_address("192.0.2." + std::to_string(name[0] - 'a' + 1));
    facts_.PutObserved(MakeTestObserved({"server", name}, name, observed));
  }
  void Stream(const std::string& protocol = "tcp") {
    auto& listener = (*spec_.mutable_listeners())["db"];
    listener.set_protocol(protocol);
    listener.set_port(5432);
    listener.set_backend("app");
  }
  void Put(const std::string& name = "web", ObjectLifecycle lifecycle = ObjectLifecycle::kLive) {
    ObjectInput input = MakeTestObject("load_balancer", name, spec_);
    input.lifecycle = lifecycle;
    facts_.PutObject(std::move(input));
  }
  v1::Slice Slice(const std::string& name = "web") {
    const v1::Plan plan = planner_.PlanAll(facts_);
    for (const v1::Slice& slice : plan.slices()) {
      if (slice.object().kind() == "load_balancer" && slice.object().name() == name) return slice;
    }
    return {};
  }
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    const v1::Slice slice = Slice();
    for (const v1::Action& action : slice.actions()) {
      if (action.executor() == v1::EXECUTOR_AGENT) lines.push_back(action.server() + " " + action.verb());
    }
    return lines;
  }
  v1::Action Action(const std::string& server, const std::string& verb) {
    const v1::Slice slice = Slice();
    for (const v1::Action& action : slice.actions()) {
      if (action.server() == server && action.verb() == verb) return action;
    }
    ADD_FAILURE() << "no " << verb << " on " << server << "; " << slice.error();
    return {};
  }
  LoadBalancerInstanceAction Instance(const std::string& server, const std::string& side = "http") {
    LoadBalancerInstanceAction payload;
    EXPECT_TRUE(payload.ParseFromString(Action(server, "load_balancer." + side + ".configure").payload()));
    return payload;
  }
  // The kind's planner alone: what it refers to cannot be planned here.
  Result<SliceDraft> Alone() {
    RecordingReader reader(facts_);
    return LoadBalancerPlanner().PlanObject(facts_.FindObject({"load_balancer", "web"})->input, reader);
  }
  std::string Refusal() {
    const auto draft = Alone();
    return draft.ok() ? "" : draft.error().message();
  }
  LoadBalancerUpstream Followed(const std::string& side, const std::string& backend) {
    const auto draft = Alone();
    EXPECT_TRUE(draft.ok()) << draft.error().ToString();
    LoadBalancerInstanceAction payload;
    for (const ActionDraft& action : draft->actions) {
      if (action.action.verb() == "load_balancer." + side + ".configure") {
        EXPECT_TRUE(payload.ParseFromString(action.action.payload()));
      }
    }
    return payload.upstreams().at(backend);
  }
  // What agents would observe after the plan.
  void CarryOut() {
    const v1::Slice slice = Slice();
    for (const v1::Action& action : slice.actions()) {
      const ObjectKey key{"load_balancer", "web"};
      const auto* before = facts_.FindObserved(key, action.server());
      LoadBalancerObserved observed;
      if (before != nullptr) observed.CopyFrom(*before->input.observed);
      if (action.verb() == "load_balancer.tools.install") {
        LoadBalancerToolsAction payload;
        ASSERT_TRUE(payload.ParseFromString(action.payload()));
        *observed.mutable_packages() = payload.packages();
        observed.clear_managed();
        observed.add_managed("package:nginx");
      } else if (action.verb().ends_with(".configure")) {
        LoadBalancerInstanceAction payload;
        ASSERT_TRUE(payload.ParseFromString(action.payload()));
        const bool http = action.verb() == "load_balancer.http.configure";
        auto& is = http ? *observed.mutable_http() : *observed.mutable_streams();
        is.Clear();
        is.set_active(true);
        is.set_enabled(true);
        is.set_configuration(Sha256(payload.configuration()).Hex());
        for (auto& [backend, upstream] : *payload.mutable_upstreams()) {
          for (auto& [name, candidate] : *upstream.mutable_candidates()) {
            if (candidate.bound()) candidate.set_address("192.0.2.99");
            candidate.set_bound(false);
          }
          (*is.mutable_backends())[backend] = kinds::UpstreamDigest(upstream);
        }
        for (const auto& [name, file] : payload.keys()) {
          (*is.mutable_keys())[name].set_secret(file.secret());
          (*is.mutable_keys())[name].set_version(file.version());
        }
      } else if (action.verb() == "load_balancer.http.remove") {
        observed.clear_http();
      } else if (action.verb() == "load_balancer.streams.remove") {
        observed.clear_streams();
      } else if (action.verb() == "load_balancer.leave") {
        observed.Clear();
      }
      facts_.PutObserved(MakeTestObserved(key, action.server(), observed));
    }
  }

  FactBase facts_;
  KindPlanners kinds_ = AllPlanners();
  Planner planner_{kinds_};
  LoadBalancerSpec spec_;
};

TEST_F(LoadBalancerPlannerTest, AFirstPlanInstallsAndConfiguresAndTheNextIsEmpty) {
  Stream();
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a load_balancer.tools.install", "a load_balancer.http.configure",
                                   "a load_balancer.streams.configure"));
  const LoadBalancerInstanceAction http = Instance("a");
  EXPECT_EQ(http.upstreams().at("app").candidates().at("w").address(), "192.0.2.23");
  EXPECT_EQ(http.upstreams().at("app").check().type(), "tcp");
  EXPECT_EQ(http.upstreams().at("app").check().fall(), 3);
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(LoadBalancerPlannerTest, APortOfADatabaseOrCacheOnTheServerIsRefused) {
  Stream();  // on 5432
  Put();
  DatabaseSpec database;
  database.set_engine("postgresql");
  database.add_members("a");
  facts_.PutObject(MakeTestObject("database", "orders", database));
  EXPECT_THAT(Refusal(), HasSubstr("server/a has the port 5432 twice: the listener "));
  EXPECT_THAT(Refusal(), HasSubstr("database/orders: give one of them another"));
  for (auto& [name, listener] : *spec_.mutable_listeners()) listener.set_address("192.0.2.99");
  Put();
  EXPECT_EQ(Refusal(), "");
  facts_.RemoveObject({"database", "orders"});
  for (auto& [name, listener] : *spec_.mutable_listeners()) listener.clear_address();
  CacheSpec cache;
  cache.add_members("b");
  cache.mutable_sentinel()->add_servers("a");
  cache.mutable_sentinel()->set_port(80);
  facts_.PutObject(MakeTestObject("cache", "shop", cache));
  Put();
  EXPECT_THAT(Refusal(), HasSubstr("server/a has the port 80 twice: the listener web of load_balancer/"));
  EXPECT_THAT(Refusal(), HasSubstr("Sentinel of cache/shop"));
}

TEST_F(LoadBalancerPlannerTest, AnAddressThatIsNotKnownYetIsBound) {
  AddServer("x", false);
  (*(*spec_.mutable_backends())["app"].mutable_servers())["x"].set_port(8080);
  Put();
  const v1::Action action = Action("a", "load_balancer.http.configure");
  ASSERT_EQ(action.bindings_size(), 1);
  EXPECT_EQ(action.bindings(0).name(), "address/x");
  EXPECT_TRUE(Instance("a").upstreams().at("app").candidates().at("x").bound());
}

TEST_F(LoadBalancerPlannerTest, AChangeOfHttpLeavesTheStreamsAlone) {
  Stream();
  Put();
  CarryOut();
  (*spec_.mutable_routes())["hello"].set_path("/hello");
  (*spec_.mutable_routes())["hello"].mutable_respond()->set_body("hi");
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a load_balancer.http.configure"));
  const v1::Action action = Action("a", "load_balancer.http.configure");
  EXPECT_EQ(action.disruption(), v1::DISRUPTION_RELOAD);
  EXPECT_THAT(action.summary(), HasSubstr("its configuration"));
}

TEST_F(LoadBalancerPlannerTest, AnotherMemberIsToldAsSuch) {
  Put();
  CarryOut();
  (*(*spec_.mutable_backends())["app"].mutable_servers())["b"].set_port(8080);
  Put();
  EXPECT_THAT(Action("a", "load_balancer.http.configure").summary(), HasSubstr("the members of app"));
}

TEST_F(LoadBalancerPlannerTest, ALocalMemberIsPreferredFiveToOne) {
  (*(*spec_.mutable_backends())["app"].mutable_servers())["a"].set_port(8080);
  Put();
  const auto upstream = Instance("a").upstreams().at("app");
  EXPECT_EQ(upstream.candidates().at("a").weight(), 5);
  EXPECT_EQ(upstream.candidates().at("w").weight(), 1);
  (*spec_.mutable_backends())["app"].set_prefer_local(false);
  Put();
  EXPECT_EQ(Instance("a").upstreams().at("app").candidates().at("a").weight(), 1);
}

TEST_F(LoadBalancerPlannerTest, BalancersChangeOneAfterTheOther) {
  spec_.add_servers("b");
  Put();
  const v1::Action action = Action("b", "load_balancer.http.configure");
  EXPECT_EQ(action.batch().max_parallel(), 1U);
  EXPECT_EQ(action.batch().name(), Action("a", "load_balancer.http.configure").batch().name());
}

TEST_F(LoadBalancerPlannerTest, OverAMeshTheAddressesAreTheMeshsAndWhoIsNoMemberIsRefused) {
  MeshSpec mesh;
  mesh.set_range("10.90.0.0/24");
  for (const char* name : {"a", "w"}) (*mesh.mutable_members())[name];
  ObjectInput input = MakeTestObject("mesh", "prod", mesh);
  std::shared_ptr<google::protobuf::Message> record = kinds_.Find("mesh")->Allocate(input, nullptr);
  facts_.PutAllocation({input.key, std::move(record)});
  facts_.PutObject(std::move(input));
  spec_.set_mesh("prod");
  Put();
  EXPECT_EQ(Followed("http", "app").candidates().at("w").address(), "10.90.0.2");
  (*(*spec_.mutable_backends())["app"].mutable_servers())["b"].set_port(8080);
  Put();
  EXPECT_THAT(Alone().error().message(), HasSubstr("server/b of the backend app is no member of the mesh prod"));
}

TEST_F(LoadBalancerPlannerTest, ASecretsNewVersionIsANewConfigurationAndWithoutAValueThePlanWaits) {
  SecretSpec secret;
  facts_.PutObject(MakeTestObject("secret", "tls", secret));
  auto& listener = (*spec_.mutable_listeners())["web"];
  listener.set_protocol("https");
  (*listener.mutable_certificates())["main"].mutable_certificate()->set_secret("tls");
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("tls"));
  facts_.PutSecret({"tls", 1});
  const v1::Action action = Action("a", "load_balancer.http.configure");
  ASSERT_EQ(action.secrets_size(), 1);
  EXPECT_EQ(action.secrets(0).name(), "tls");
  EXPECT_EQ(action.secrets(0).version(), 1);
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
  facts_.PutSecret({"tls", 2});
  EXPECT_THAT(Lines(), ElementsAre("a load_balancer.http.configure"));
  EXPECT_TRUE(Instance("a").keys().contains("tls.v2.pem"));
}

TEST_F(LoadBalancerPlannerTest, ADatabasesMembersAreCandidatesAndItsWishIsWhereTheAgentBegins) {
  DatabaseSpec database;
  database.set_engine("postgresql");
  database.set_version("15");
  for (const char* member : {"a", "w"}) database.add_members(member);
  database.set_primary("w");
  facts_.PutObject(MakeTestObject("database", "orders", database));
  Stream();
  (*spec_.mutable_listeners())["db"].set_backend("orders");
  (*spec_.mutable_listeners())["db"].set_port(5433);
  auto& backend = *(*spec_.mutable_backends())["orders"].mutable_database();
  backend.set_name("orders");
  backend.set_endpoint("read_only");
  Put();
  const auto upstream = Followed("streams", "orders");
  EXPECT_EQ(upstream.candidates().at("w").address(), "192.0.2.23");
  EXPECT_EQ(upstream.candidates().at("w").port(), 5432);
  EXPECT_EQ(upstream.candidates().at("a").weight(), 5);
  EXPECT_EQ(upstream.role().kind(), "database");
  EXPECT_EQ(upstream.role().name(), "orders");
  EXPECT_EQ(upstream.role().role(), "replica");
  EXPECT_EQ(upstream.role().initial(), "w");
  const std::string before = kinds::UpstreamDigest(upstream);
  database.set_primary("a");
  facts_.PutObject(MakeTestObject("database", "orders", database));
  EXPECT_EQ(kinds::UpstreamDigest(Followed("streams", "orders")), before) << "another wish is the agent's to follow";
}

TEST_F(LoadBalancerPlannerTest, ACachesSentinelsAreWitnesses) {
  CacheSpec cache;
  for (const char* member : {"a", "w"}) cache.add_members(member);
  for (const char* server : {"a", "b", "w"}) cache.mutable_sentinel()->add_servers(server);
  facts_.PutObject(MakeTestObject("cache", "sessions", cache));
  Stream();
  (*spec_.mutable_listeners())["db"].set_backend("sessions");
  (*spec_.mutable_backends())["sessions"].mutable_cache()->set_name("sessions");
  Put();
  const auto upstream = Followed("streams", "sessions");
  EXPECT_EQ(upstream.candidates().at("w").port(), 6379);
  EXPECT_EQ(upstream.role().role(), "primary");
  EXPECT_EQ(upstream.role().initial(), "a");
  EXPECT_EQ(upstream.role().witnesses().at("b"), "192.0.2.2");
}

TEST_F(LoadBalancerPlannerTest, WhatIsNoLongerDeclaredGoes) {
  Stream();
  Put();
  CarryOut();
  spec_.mutable_listeners()->erase("db");
  Put();
  EXPECT_THAT(Lines(), Contains("a load_balancer.streams.remove"));
  CarryOut();
  spec_.set_servers(0, "b");
  Put();
  EXPECT_THAT(Lines(), Contains("a load_balancer.leave"));
  CarryOut();
  Put("web", ObjectLifecycle::kTombstone);
  EXPECT_THAT(Lines(), ElementsAre("b load_balancer.leave"));
  CarryOut();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(LoadBalancerPlannerTest, APortThatAnotherBalancerHasOnTheServerIsRefused) {
  Put();
  Put("other");
  EXPECT_THAT(Slice().error(), HasSubstr("load_balancer/other has it for its listener web"));
}

TEST_F(LoadBalancerPlannerTest, ADeclaredFirewallLetsTheListenersIn) {
  ServerSpec guarded;
  guarded.mutable_firewall();
  AddServer("a", true, guarded);
  Stream("udp");
  Put();
  RecordingReader reader(facts_);
  const FirewallAction firewall = FirewallOf("a", guarded, reader);
  EXPECT_EQ(firewall.services().at("load-balancer-web-tcp-80").port(), 80);
  EXPECT_EQ(firewall.services().at("load-balancer-web-udp-5432").protocol(), "udp");
  EXPECT_THAT(FirewallOf("w", guarded, reader).services(), IsEmpty());
}

TEST_F(LoadBalancerPlannerTest, WhatDriftedIsNotThereInTheSpecAsItWasFound) {
  Stream();
  Put();
  CarryOut();
  const ObjectInput& object = facts_.FindObject({"load_balancer", "web"})->input;
  const StatusReader reader(facts_, nullptr);
  const LoadBalancerPlanner kind;
  EXPECT_EQ(kind.ActualSpec(object, reader), nullptr);
  LoadBalancerObserved observed;
  observed.CopyFrom(*facts_.FindObserved({"load_balancer", "web"}, "a")->input.observed);
  observed.mutable_http()->clear_configuration();
  facts_.PutObserved(MakeTestObserved({"load_balancer", "web"}, "a", observed));
  const auto actual = kind.ActualSpec(object, reader);
  ASSERT_NE(actual, nullptr);
  const auto& spec = static_cast<const LoadBalancerSpec&>(*actual);
  EXPECT_FALSE(spec.listeners().contains("web"));
  EXPECT_TRUE(spec.listeners().contains("db"));
}

TEST_F(LoadBalancerPlannerTest, EndpointsAreAtTheServerUntilThereIsASharedAddress) {
  Put();
  const LoadBalancerPlanner kind;
  const StatusReader reader(facts_, nullptr);
  const auto status = kind.ComputeStatus(facts_.FindObject({"load_balancer", "web"})->input, reader);
  EXPECT_EQ(static_cast<const LoadBalancerStatus&>(*status).endpoints().at("web"), "192.0.2.1:80");
  EXPECT_FALSE(static_cast<const LoadBalancerStatus&>(*status).in_sync());
}

}  // namespace
}  // namespace podwright::planner
