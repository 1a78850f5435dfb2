#include "reconciler/planner/kinds/database_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinds/database/database_form.h"
#include "podwright/v1/kinds/database.pb.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
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

// Servers and a database in memory; actions change what is observed, as agents would.
class DatabasePlannerTest : public ::testing::Test {
 protected:
  DatabasePlannerTest() {
    spec_.set_engine("postgresql");
    spec_.set_version("15");
    for (const char* name : {"a", "b", "c"}) AddServer(name);
    Members({"a", "b"});
    PutSecret("app-password", 1);
    PutSecret("database.orders.replication", 1);
  }

  void AddServer(const std::string& name) {
    facts_.PutObject(MakeTestObject("server", name, ServerSpec()));
    AgentInput agent = MakeTestAgent(name);
    agent.verbs.insert("database.instance.create");
    facts_.PutAgent(agent);
    ServerObserved seen;
    seen.set_address("192.0.2." + std::to_string(name[0] - 'a' + 1));
    facts_.PutObserved(MakeTestObserved({"server", name}, name, seen));
  }
  void PutSecret(const std::string& name, std::int64_t version) {
    if (name.find('.') == std::string::npos) facts_.PutObject(MakeTestObject("secret", name, SecretSpec()));
    SecretInput secret;
    secret.name = name;
    secret.version = version;
    facts_.PutSecret(secret);
  }
  void Members(const std::vector<std::string>& names) {
    spec_.clear_members();
    for (const std::string& name : names) spec_.add_members(name);
  }
  // As Apply does it.
  void Put(ObjectLifecycle lifecycle = ObjectLifecycle::kLive) {
    ObjectInput input = MakeTestObject("database", "orders", spec_);
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
      if (slice.object().kind() == "database") return slice;
    }
    return {};
  }
  // "server verb", in the order of the slice.
  std::vector<std::string> Lines() {
    const v1::Slice slice = Slice();
    EXPECT_EQ(slice.error(), "");
    std::vector<std::string> out;
    for (const v1::Action& action : slice.actions()) out.push_back(action.server() + " " + action.verb().substr(9));
    return out;
  }
  DatabaseObserved& At(const std::string& server) { return seen_[server]; }
  void Observe() {
    for (const auto& [server, is] : seen_) {
      if (is.has_state()) {
        facts_.PutObserved(MakeTestObserved({"database", "orders"}, server, is));
      } else {
        facts_.RemoveObserved({"database", "orders"}, server);
      }
    }
  }
  void Configured(const DatabaseConfiguration& configuration, const std::string& server) {
    DatabaseObserved& is = At(server);
    is.set_state("running");
    is.set_owner("orders");
    is.set_version("15.8");
    is.set_wish(configuration.wish());
    is.set_configuration(kinds::DatabaseConfigurationDigest(configuration));
    is.clear_lacking();
    is.clear_fenced();
  }
  void DoUser(const v1::Action& action) {
    const auto payload = Payload<DatabaseUserAction>(action);
    DatabaseObserved& is = At(action.server());
    if (action.verb() == "database.user.remove") {
      is.mutable_users()->erase(payload.name());
      return;
    }
    auto& user = (*is.mutable_users())[payload.name()];
    if (!payload.login().empty()) (*user.mutable_logins())[payload.login()] = payload.secret().version();
    for (const std::string& login : payload.drop_logins()) user.mutable_logins()->erase(login);
    if (action.verb() == "database.grants.set") *user.mutable_grants() = payload.grants();
  }
  void Do(const v1::Action& action) {
    const std::string verb = action.verb().substr(9);
    DatabaseObserved& is = At(action.server());
    if (verb.starts_with("instance.") && verb != "instance.start" && verb != "instance.restart" &&
        verb != "instance.retire") {
      const auto payload = Payload<DatabaseInstanceAction>(action);
      Configured(payload.configuration(), action.server());
      if (verb != "instance.configure") is.set_role(payload.upstream().empty() ? "primary" : "replica");
      if (!is.has_timeline()) is.set_timeline(1);
      if (is.role() == "replica") is.set_upstream(payload.upstream());
    } else if (verb == "instance.retire") {
      is.set_state("kept");
    } else if (verb == "instance.restart") {
      is.clear_pending_restart();
    } else if (verb == "instance.start") {
      is.set_state("running");
    } else if (verb == "slots.set") {
      *is.mutable_slots() = Payload<DatabaseSlotsAction>(action).members();
    } else if (verb == "primary.fence") {
      is.set_state("stopped");
      is.set_fenced(true);
      is.set_stopped_at("0/1");
      is.clear_slots();
    } else if (verb == "primary.promote") {
      const auto payload = Payload<DatabasePromoteAction>(action);
      is.set_role("primary");
      is.clear_upstream();
      is.set_timeline(At(payload.former()).timeline() + 1);
      is.set_wish(payload.wish());
      *is.mutable_slots() = payload.slots();
      *is.mutable_users() = At(payload.former()).users();
      *is.mutable_databases() = At(payload.former()).databases();
    } else if (verb == "replica.follow") {
      is.set_upstream(Payload<DatabaseFollowAction>(action).upstream());
    } else if (verb.starts_with("user.") || verb == "grants.set") {
      DoUser(action);
    } else if (verb == "database.ensure") {
      const auto payload = Payload<DatabaseDatabaseAction>(action);
      auto& database = (*is.mutable_databases())[payload.name()];
      if (!payload.owner().empty()) database.set_owner(payload.owner());
      database.mutable_extensions()->MergeFrom(payload.extensions());
    } else if (verb == "database.remove") {
      is.mutable_databases()->erase(action.subject());
    }
  }
  // Until nothing is left to do.
  void Apply() {
    Put();
    for (int round = 0; round < 4; ++round) {
      const v1::Slice slice = Slice();
      ASSERT_EQ(slice.error(), "");
      if (slice.actions().empty()) return;
      for (const v1::Action& action : slice.actions()) Do(action);
      Observe();
    }
    EXPECT_THAT(Lines(), IsEmpty());
  }
  void AddUser() {
    (*spec_.mutable_users())["app"].mutable_password()->set_secret("app-password");
    (*spec_.mutable_databases())["orders"].set_owner("app");
  }

  DatabasePlanner kind_;
  FactBase facts_;
  KindPlanners planners_ = TestingPlanners();
  Planner planner_{planners_};
  DatabaseSpec spec_;
  std::map<std::string, DatabaseObserved> seen_;
};

TEST_F(DatabasePlannerTest, ANewDatabaseIsMadeOnTheFirstMemberAndClonedToTheOthers) {
  AddUser();
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a software.install", "b software.install", "a instance.create", "a slots.set",
                                   "b instance.clone", "a user.ensure", "a database.ensure"));
  Apply();
  EXPECT_EQ(At("b").role(), "replica");
  EXPECT_EQ(At("b").upstream(), "a");
  Put();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(DatabasePlannerTest, TheWishDecidesWhereANewDatabaseBegins) {
  spec_.set_primary("b");
  Apply();
  EXPECT_EQ(At("b").role(), "primary");
  EXPECT_EQ(At("a").role(), "replica");
}

TEST_F(DatabasePlannerTest, ACloneWaitsForTheSlotThatItNeeds) {
  Put();
  const v1::Slice slice = Slice();
  std::string slots;
  for (const v1::Action& action : slice.actions()) {
    if (action.verb() == "database.slots.set") slots = action.id();
    if (action.verb() == "database.instance.clone") {
      EXPECT_THAT(action.depends_on(), Contains(slots));
    }
  }
  EXPECT_NE(slots, "");
}

TEST_F(DatabasePlannerTest, AddressesThatAreNotKnownComeBound) {
  facts_.RemoveObserved({"server", "b"}, "b");
  Put();
  const v1::Slice slice = Slice();
  for (const v1::Action& action : slice.actions()) {
    if (action.verb() != "database.instance.create") continue;
    ASSERT_EQ(action.bindings_size(), 1);
    EXPECT_EQ(action.bindings(0).name(), "address/b");
    EXPECT_EQ(action.bindings(0).path(), "address");
    EXPECT_EQ(action.secrets(0).name(), "database.orders.replication");
  }
}

TEST_F(DatabasePlannerTest, AChangedParameterIsReloadedEverywhereAndRestartsNothing) {
  Apply();
  (*spec_.mutable_parameters())["work_mem"] = "9MB";
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a instance.configure", "b instance.configure"));
}

TEST_F(DatabasePlannerTest, WhatIsTakenAtAStartOnlyRestartsReplicasFirst) {
  Apply();
  (*spec_.mutable_parameters())["shared_buffers"] = "1GB";
  for (const char* server : {"a", "b"}) {
    auto& parameter = (*At(server).mutable_parameters())["shared_buffers"];
    parameter.set_value("128MB");
    parameter.set_restart(true);
  }
  Observe();
  Put();
  EXPECT_THAT(Lines(),
              ElementsAre("a instance.configure", "b instance.configure", "b instance.restart", "a instance.restart"));
}

TEST_F(DatabasePlannerTest, ALoweredLimitRestartsThePrimaryFirst) {
  Apply();
  (*spec_.mutable_parameters())["max_connections"] = "50";
  for (const char* server : {"a", "b"}) {
    auto& parameter = (*At(server).mutable_parameters())["max_connections"];
    parameter.set_value("100");
    parameter.set_restart(true);
  }
  Observe();
  Put();
  EXPECT_THAT(Lines(),
              ElementsAre("a instance.configure", "b instance.configure", "a instance.restart", "b instance.restart"));
}

TEST_F(DatabasePlannerTest, AChangeOfTheWishIsASwitchover) {
  Members({"a", "b", "c"});
  Apply();
  spec_.set_primary("b");
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a primary.fence", "b primary.promote", "c replica.follow", "a instance.rejoin"));
  const v1::Slice slice = Slice();
  EXPECT_EQ(slice.actions(0).disruption(), v1::DISRUPTION_FAILOVER);
  EXPECT_EQ(slice.actions(0).compensation().verb(), "database.primary.unfence");
  EXPECT_EQ(slice.actions(1).bindings(0).path(), "stopped_at");
  EXPECT_THAT(slice.actions(1).depends_on(), Contains(slice.actions(0).id()));
  Apply();
  EXPECT_EQ(At("b").role(), "primary");
  EXPECT_EQ(At("a").upstream(), "b");
}

TEST_F(DatabasePlannerTest, ARoleFoundElsewhereIsNoDrift) {
  spec_.set_primary("a");
  Apply();
  At("a").set_role("replica");
  At("a").set_upstream("b");
  At("a").clear_slots();
  At("b").set_role("primary");
  At("b").clear_upstream();
  At("b").set_timeline(2);
  At("b").add_slots("a");
  Observe();
  Put();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(DatabasePlannerTest, ASwitchoverThatBrokeOffGoesOn) {
  Apply();
  spec_.set_primary("b");
  Put();
  Do(Slice().actions(0));
  Observe();
  EXPECT_THAT(Lines(), ElementsAre("b primary.promote", "a instance.rejoin"));
}

TEST_F(DatabasePlannerTest, AFencedPrimaryThatNobodyFollowsStartsAgain) {
  Apply();
  At("a").set_state("stopped");
  At("a").set_fenced(true);
  Observe();
  EXPECT_THAT(Lines(), Contains("a primary.unfence"));
}

TEST_F(DatabasePlannerTest, AFormerPrimaryThatIsStoppedComesBackAsAReplica) {
  Apply();
  At("a").set_state("stopped");
  At("b").set_role("primary");
  At("b").clear_upstream();
  At("b").set_timeline(2);
  Observe();
  EXPECT_THAT(Lines(), ElementsAre("b slots.set", "a instance.rejoin"));
}

TEST_F(DatabasePlannerTest, AReplicaThatCannotFollowAnyMoreIsClonedAnewAndServesNobodyMeanwhile) {
  Members({"a", "b", "c"});
  Apply();
  At("b").set_state("stranded");
  At("b").set_endpoint("192.0.2.2:5432");
  At("c").set_endpoint("192.0.2.3:5432");
  At("a").mutable_slots()->RemoveLast();
  Observe();
  const StatusReader reader(facts_, [](std::string_view) { return true; });
  const auto status = kind_.ComputeStatus(facts_.FindObject({"database", "orders"})->input, reader);
  EXPECT_THAT(static_cast<const DatabaseStatus&>(*status).read_only(), ElementsAre("192.0.2.3:5432"));
  EXPECT_THAT(Lines(), ElementsAre("a slots.set", "b instance.rejoin"));
  const v1::Action rejoin = Slice().actions(1);
  EXPECT_THAT(rejoin.summary(), HasSubstr("clone the data of a anew"));
  EXPECT_EQ(rejoin.disruption(), v1::DISRUPTION_REPLACE);
  EXPECT_THAT(rejoin.depends_on(), Contains(Slice().actions(0).id()));
  Apply();
  EXPECT_EQ(At("b").state(), "running");
}

TEST_F(DatabasePlannerTest, TwoPrimariesAreNobodysToJudge) {
  Apply();
  At("b").set_role("primary");
  At("b").set_timeline(2);
  Observe();
  EXPECT_THAT(Slice().error(), HasSubstr("both take writes"));
}

TEST_F(DatabasePlannerTest, AMemberLeavesWithItsSlotAndKeepsItsData) {
  Members({"a", "b", "c"});
  Apply();
  Members({"a", "b"});
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a instance.configure", "a slots.set", "b instance.configure", "c instance.retire"));
  Apply();
}

TEST_F(DatabasePlannerTest, ThePrimaryCannotLeave) {
  Apply();
  Members({"b"});
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("cannot leave"));
}

TEST_F(DatabasePlannerTest, ADeletionKeepsTheDataUnlessItIsToBePurged) {
  Apply();
  Put(ObjectLifecycle::kTombstone);
  v1::Slice slice = Slice();
  ASSERT_GE(slice.actions_size(), 2);
  EXPECT_EQ(slice.actions(0).server(), "b");
  EXPECT_EQ(slice.actions(1).server(), "a");
  EXPECT_EQ(slice.actions(1).disruption(), v1::DISRUPTION_NONE);
  EXPECT_THAT(slice.actions(1).summary(), HasSubstr("keep its data"));
  spec_.set_on_delete("purge");
  Put(ObjectLifecycle::kTombstone);
  slice = Slice();
  EXPECT_EQ(slice.actions(1).disruption(), v1::DISRUPTION_DATA_LOSS);
  EXPECT_TRUE(Payload<DatabaseRetireAction>(slice.actions(1)).purge());
}

TEST_F(DatabasePlannerTest, KeptDataIsResumed) {
  Apply();
  At("a").set_state("kept");
  At("b").set_state("kept");
  Observe();
  EXPECT_THAT(Lines(), ElementsAre("a instance.create", "b instance.rejoin"));
}

TEST_F(DatabasePlannerTest, AnInstanceMadeByHandIsTakenOverOnlyWhenThatIsDeclared) {
  Members({"a"});
  At("a").set_state("foreign");
  At("a").set_role("primary");
  At("a").set_version("15.8");
  Observe();
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("adopt: existing"));
  spec_.set_adopt("existing");
  spec_.set_instance("orders");
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a instance.adopt"));
  Apply();
}

TEST_F(DatabasePlannerTest, WhereNothingIsToBeTakenOverNothingIsInitialised) {
  spec_.set_engine("mysql");
  spec_.set_version("10.11");
  spec_.set_adopt("existing");
  Members({"a"});
  facts_.PutObserved(MakeTestObserved({"database", "orders"}, "a", DatabaseObserved()));
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("there is no instance of mysql 10.11 on the members"));
}

TEST_F(DatabasePlannerTest, WhatTheOptionFilesOfAMariaDbSayAndNobodyDeclaresIsToldWhenItIsTakenOver) {
  spec_.set_engine("mysql");
  spec_.set_version("10.11");
  spec_.set_adopt("existing");
  (*spec_.mutable_parameters())["max_connections"] = "60";
  Members({"a"});
  At("a").set_state("foreign");
  At("a").set_role("primary");
  At("a").set_version("10.11.6-MariaDB");
  At("a").set_checksums(true);
  (*At("a").mutable_parameters())["max_connections"].set_value("100");
  (*At("a").mutable_parameters())["sort_buffer_size"].set_value("4194304");
  Observe();
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a instance.adopt"));
  EXPECT_EQ(Slice().actions(0).disruption(), v1::DISRUPTION_RESTART);
  ASSERT_EQ(Slice().notes_size(), 1);
  EXPECT_THAT(Slice().notes(0), HasSubstr("sort_buffer_size=4194304"));
  EXPECT_THAT(Slice().notes(0), Not(HasSubstr("max_connections")));
}

TEST_F(DatabasePlannerTest, ANewVersionOfAPasswordGetsTheOtherLogin) {
  AddUser();
  Apply();
  EXPECT_EQ(At("a").users().at("app").logins().at("app_a"), 1);
  PutSecret("app-password", 2);
  EXPECT_THAT(Lines(), ElementsAre("a user.ensure"));
  Apply();
  EXPECT_EQ(At("a").users().at("app").logins().at("app_b"), 2);
  EXPECT_TRUE(At("a").users().at("app").logins().contains("app_a"));
}

TEST_F(DatabasePlannerTest, TheFormerLoginGoesWhenEveryConsumerHasTheNewPassword) {
  AddUser();
  ServerSpec consumer;
  (*consumer.mutable_secrets())["/etc/app"].set_secret("app-password");
  facts_.PutObject(MakeTestObject("server", "c", consumer));
  Apply();
  PutSecret("app-password", 2);
  Apply();
  ServerObserved seen;
  seen.set_address("192.0.2.3");
  (*seen.mutable_secrets())["/etc/app"].set_version(1);
  facts_.PutObserved(MakeTestObserved({"server", "c"}, "c", seen));
  EXPECT_THAT(Lines(), IsEmpty());
  (*seen.mutable_secrets())["/etc/app"].set_version(2);
  facts_.PutObserved(MakeTestObserved({"server", "c"}, "c", seen));
  ASSERT_THAT(Lines(), ElementsAre("a user.ensure"));
  EXPECT_THAT(Payload<DatabaseUserAction>(Slice().actions(0)).drop_logins(), ElementsAre("app_a"));
}

TEST_F(DatabasePlannerTest, ADatabaseIsDroppedOnlyWhenItsAbsenceIsDeclared) {
  AddUser();
  Apply();
  spec_.clear_databases();
  Put();
  EXPECT_THAT(Lines(), IsEmpty());
  (*spec_.mutable_databases())["orders"].set_absent(true);
  Put();
  EXPECT_THAT(Lines(), ElementsAre("a database.remove"));
  EXPECT_EQ(Slice().actions(0).disruption(), v1::DISRUPTION_DATA_LOSS);
}

TEST_F(DatabasePlannerTest, WhatCannotBeIsRefused) {
  Apply();
  spec_.set_version("14");
  Put();
  EXPECT_THAT(Slice().error(), HasSubstr("no version reads"));
  spec_.set_version("15");
  spec_.set_mesh("prod");
  Put();
  EXPECT_THAT(Slice().error(), Not(IsEmpty()));
}

TEST_F(DatabasePlannerTest, TheStatusShowsWhereToWriteAndWhoIsWho) {
  AddUser();
  Apply();
  At("a").set_endpoint("192.0.2.1:5432");
  At("b").set_endpoint("192.0.2.2:5432");
  Observe();
  const StatusReader reader(facts_, nullptr);
  const auto message = kind_.ComputeStatus(facts_.FindObject({"database", "orders"})->input, reader);
  const auto& status = static_cast<const DatabaseStatus&>(*message);
  EXPECT_EQ(status.primary(), "a");
  EXPECT_EQ(status.read_write(), "192.0.2.1:5432");
  EXPECT_THAT(status.read_only(), ElementsAre("192.0.2.2:5432"));
  EXPECT_EQ(status.users().at("app").login(), "app_a");
  EXPECT_TRUE(status.in_sync());
}

}  // namespace
}  // namespace podwright::planner
