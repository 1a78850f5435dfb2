// The driver over an engine in memory: what actions make, what is kept, what is drift and what of it is brought back.
#include "agent/drivers/database/database_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/host/memory_host.h"
#include "kinds/database/database_form.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using database::Identity;
using database::Instance;
using database::Log;
using database::Question;
using database::Role;
using database::SecretString;
using database::Setup;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kUnit[] = "db@orders.service";

// The program in memory: what it is, and what was done to it.
struct FakeProgram {
  DatabaseObserved is;
  bool files = false;
  bool pending = false;
  int restarts = 0;
  std::string password;  // that the members have
  std::map<std::string, std::string> logins;
  std::string refuses;  // the next configuration, with these words
};

class FakeEngine final : public database::Engine {
 public:
  FakeEngine(FakeProgram& program, host::MemoryHost& host) : program_(program), host_(host) {}

  std::vector<std::string> Packages(const std::string& version) const override { return {"db-" + version}; }
  Status BeforeInstall() override { return Ok(); }
  Result<DatabaseObserved> Look(const Question& /*question*/) override { return program_.is; }
  Result<Identity> Identify(const Instance& /*instance*/) const override {
    Identity identity;
    identity.exists = program_.is.has_state();
    identity.running = program_.is.state() == "running" || program_.is.state() == "stranded";
    identity.role = program_.is.role() == "primary" ? Role::kPrimary : Role::kReplica;
    identity.timeline = program_.is.timeline();
    identity.fenced = program_.is.fenced();
    return identity;
  }
  Result<bool> FilesStand(const Setup& /*setup*/) override { return program_.files; }
  Watches Watch(const Instance& /*instance*/) const override { return {{"/etc"}, {kUnit}}; }
  std::string Unit(const Instance& /*instance*/) const override { return kUnit; }

  Status Create(const Setup& setup, const SecretString& replication, Log& /*log*/) override {
    return Begin(setup, replication, "primary");
  }
  Status Adopt(const Setup& setup, const SecretString& replication, Log& /*log*/) override {
    return Begin(setup, replication, "primary");
  }
  Status Clone(const Setup& setup, const SecretString& replication, Log& /*log*/) override {
    return Begin(setup, replication, "replica");
  }
  Status Rejoin(const Setup& setup, const SecretString& replication, Log& /*log*/) override {
    program_.is.clear_fenced();
    return Begin(setup, replication, "replica");
  }
  Status Configure(const Setup& /*setup*/, const SecretString& replication, Log& /*log*/) override {
    if (!program_.refuses.empty()) return FailedPrecondition(std::exchange(program_.refuses, ""));
    program_.password = replication.Reveal();
    program_.files = true;
    return Ok();
  }
  Status RestoreFiles(const Setup& /*setup*/) override { return program_.files = true, Ok(); }
  Status Start(const Instance& /*instance*/) override { return program_.is.set_state("running"), Ok(); }
  Result<bool> RestartIfPending(const Instance& /*instance*/) override {
    if (!program_.pending) return false;
    ++program_.restarts;
    program_.pending = false;
    host_.units[kUnit].state.invocation_id = "invocation-" + std::to_string(program_.restarts);
    return true;
  }
  Status Fence(const Instance& /*instance*/, const std::string& /*successor*/) override {
    program_.is.set_state("stopped");
    program_.is.set_fenced(true);
    return Ok();
  }
  Status Unfence(const Setup& /*setup*/) override {
    program_.is.set_state("running");
    program_.is.clear_fenced();
    return Ok();
  }
  Status Promote(const Setup& setup, const std::string& position, const std::vector<std::string>& slots) override {
    if (position == "too far") return FailedPrecondition("it has not everything");
    EXPECT_EQ(setup.kept.upstream(), "");
    program_.is.set_role("primary");
    program_.is.set_timeline(program_.is.timeline() + 1);
    program_.is.mutable_slots()->Assign(slots.begin(), slots.end());
    return Ok();
  }
  Status Follow(const Setup& /*setup*/) override { return Ok(); }
  Status SetSlots(const Instance& /*instance*/, const std::vector<std::string>& members) override {
    program_.is.mutable_slots()->Assign(members.begin(), members.end());
    return Ok();
  }
  Status EnsureUser(const Instance& /*instance*/, const DatabaseUserAction& action,
                    const SecretString& password) override {
    if (!action.login().empty()) program_.logins[action.login()] = password.Reveal();
    (*program_.is.mutable_users())[action.name()];
    return Ok();
  }
  Status SetGrants(const Instance& /*instance*/, const DatabaseUserAction& /*action*/) override { return Ok(); }
  Status RemoveUser(const Instance& /*instance*/, const std::string& name) override {
    program_.is.mutable_users()->erase(name);
    return Ok();
  }
  Status EnsureDatabase(const Instance& /*instance*/, const DatabaseDatabaseAction& action) override {
    (*program_.is.mutable_databases())[action.name()];
    return Ok();
  }
  Status RemoveDatabase(const Instance& /*instance*/, const std::string& name) override {
    program_.is.mutable_databases()->erase(name);
    return Ok();
  }
  Status Retire(const Instance& /*instance*/, bool purge, Log& /*log*/) override {
    if (purge) {
      program_.is.Clear();
    } else {
      program_.is.set_state("kept");
    }
    return Ok();
  }

 private:
  Status Begin(const Setup& setup, const SecretString& replication, const std::string& role) {
    EXPECT_EQ(setup.kept.upstream().empty(), role == "primary");
    program_.password = replication.Reveal();
    program_.files = true;
    program_.is.set_state("running");
    program_.is.set_owner(setup.instance.object);
    program_.is.set_role(role);
    program_.is.set_timeline(1);
    return Ok();
  }
  FakeProgram& program_;
  host::MemoryHost& host_;
};

class DatabaseDriverTest : public ::testing::Test {
 protected:
  DatabaseDriverTest()
      : env_{host_.View(), clock_,
             [](const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) {
               return use("value of " + sealed.name());
             },
             nullptr, "local key"},
        driver_(MakeDatabaseDriverWith(env_, [&](const std::string& name) -> std::unique_ptr<database::Engine> {
          if (name != "postgresql") return nullptr;
          return std::make_unique<FakeEngine>(program_, host_);
        })) {
    state_.mutable_object()->set_kind("database");
    state_.mutable_object()->set_name("orders");
    host_.available["db-15"] = {"15.8"};
    host_.units[kUnit].state.active_state = "active";
    host_.units[kUnit].state.invocation_id = "invocation-0";
    spec_.set_engine("postgresql");
    spec_.set_version("15");
    spec_.add_members("a");
    spec_.add_members("b");
  }

  DatabaseInstanceAction Instance(const std::string& upstream = "") const {
    DatabaseInstanceAction action;
    DatabaseConfiguration& configuration = *action.mutable_configuration();
    configuration.set_engine("postgresql");
    configuration.set_version("15");
    configuration.set_instance("orders");
    configuration.set_member("a");
    configuration.set_port(5432);
    (*configuration.mutable_members())["a"] = "192.0.2.1";
    (*configuration.mutable_members())["b"] = "";
    configuration.mutable_replication()->set_name("database.orders.replication");
    configuration.mutable_replication()->set_version(1);
    action.set_upstream(upstream);
    return action;
  }
  Result<Done> Run(const std::string& verb, const google::protobuf::Message& payload, bool resumed = false) {
    v1::Dispatch dispatch;
    dispatch.mutable_action()->set_verb("database." + verb);
    dispatch.mutable_action()->set_payload(payload.SerializeAsString());
    dispatch.set_spec(spec_.SerializeAsString());
    for (const auto& [name, value] : bound_) (*dispatch.mutable_bound())[name] = value;
    for (const char* name : {"database.orders.replication", "app-password"}) {
      v1::SealedSecret& sealed = *dispatch.add_secrets();
      sealed.set_name(name);
      sealed.set_version(1);
    }
    if (!resumed) proof_ = driver_->Prove(dispatch, state_).value();
    return driver_->Execute({dispatch, proof_, resumed}, state_);
  }
  void Must(const std::string& verb, const google::protobuf::Message& payload) {
    const auto done = Run(verb, payload);
    ASSERT_TRUE(done.ok()) << verb << ": " << done.error().ToString();
  }
  DatabaseObserved Observed(std::vector<std::string>* drift = nullptr) {
    const auto seen = driver_->Observe(state_, spec_.SerializeAsString());
    EXPECT_TRUE(seen.ok());
    DatabaseObserved observed;
    EXPECT_TRUE(observed.ParseFromString(seen->observed));
    if (drift != nullptr) *drift = seen->drift;
    return observed;
  }
  std::vector<Repair> RepairAll() {
    return driver_->RepairDrift(state_, [](const std::string&) { return true; });
  }

  host::MemoryHost host_;
  SystemClock clock_;
  Environment env_;
  FakeProgram program_;
  std::unique_ptr<Driver> driver_;
  v1::ObjectState state_;
  DatabaseSpec spec_;
  std::map<std::string, std::string> bound_{{"address/b", "192.0.2.2"}};
  Proof proof_;
};

TEST_F(DatabaseDriverTest, WhatIsLackingIsToldAndInstalled) {
  EXPECT_THAT(Observed().lacking(), ElementsAre("db-15"));
  Must("software.install", DatabaseSoftwareAction());
  EXPECT_THAT(Observed().lacking(), IsEmpty());
}

TEST_F(DatabaseDriverTest, AnInstanceIsConfiguredWithTheAddressesThatCameBound) {
  Must("instance.create", Instance());
  const DatabaseObserved observed = Observed();
  DatabaseConfiguration wanted = Instance().configuration();
  (*wanted.mutable_members())["b"] = "192.0.2.2";
  EXPECT_EQ(observed.configuration(), kinds::DatabaseConfigurationDigest(wanted));
  EXPECT_EQ(observed.endpoint(), "192.0.2.1:5432");
  EXPECT_EQ(program_.password, "value of database.orders.replication");
}

TEST_F(DatabaseDriverTest, WhatCameBoundIsNotTrusted) {
  bound_["address/b"] = "192.0.2.2 all trust";
  const auto done = Run("instance.create", Instance());
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message(), HasSubstr("not an address"));
  EXPECT_FALSE(program_.is.has_state());
}

TEST_F(DatabaseDriverTest, ARefusedConfigurationIsNotKept) {
  Must("instance.create", Instance());
  const std::string before = Observed().configuration();
  program_.refuses = "unrecognized configuration parameter";
  DatabaseInstanceAction changed = Instance();
  (*changed.mutable_configuration()->mutable_parameters())["nope"] = "1";
  const auto done = Run("instance.configure", changed);
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message(), HasSubstr("unrecognized"));
  EXPECT_EQ(Observed().configuration(), before);
}

TEST_F(DatabaseDriverTest, APromotionForgetsTheUpstreamAndNotesTheWish) {
  Must("instance.clone", Instance("b"));
  EXPECT_EQ(Observed().upstream(), "b");
  DatabasePromoteAction promote;
  promote.set_wish(3);
  promote.add_slots("b");
  bound_["position"] = "too far";
  EXPECT_FALSE(Run("primary.promote", promote).ok());
  EXPECT_EQ(Observed().upstream(), "b");
  bound_["position"] = "0/1";
  Must("primary.promote", promote);
  const DatabaseObserved observed = Observed();
  EXPECT_EQ(observed.role(), "primary");
  EXPECT_EQ(observed.wish(), 3);
  EXPECT_FALSE(observed.has_upstream());
  EXPECT_THAT(observed.slots(), ElementsAre("b"));
}

TEST_F(DatabaseDriverTest, ARestartHappensOnceAnAction) {
  Must("instance.create", Instance());
  program_.pending = true;
  Must("instance.restart", DatabaseServiceAction());
  program_.pending = true;
  EXPECT_TRUE(Run("instance.restart", DatabaseServiceAction(), true).ok());
  EXPECT_EQ(program_.restarts, 1);
}

TEST_F(DatabaseDriverTest, AStoppedInstanceIsStartedAndAFencedOneIsNot) {
  Must("instance.create", Instance());
  program_.is.set_state("stopped");
  std::vector<std::string> drift;
  Observed(&drift);
  EXPECT_THAT(drift, Contains(HasSubstr("stopped")));
  EXPECT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(program_.is.state(), "running");
  program_.is.set_state("stopped");
  program_.is.set_fenced(true);
  Observed(&drift);
  EXPECT_THAT(drift, IsEmpty());
  EXPECT_THAT(RepairAll(), IsEmpty());
  EXPECT_EQ(program_.is.state(), "stopped");
}

TEST_F(DatabaseDriverTest, ChangedFilesAreBroughtBack) {
  Must("instance.create", Instance());
  program_.files = false;
  EXPECT_FALSE(Observed().has_configuration());
  EXPECT_EQ(RepairAll().size(), 1U);
  EXPECT_TRUE(Observed().has_configuration());
}

TEST_F(DatabaseDriverTest, AUserThatIsGoneIsToldAndLeftToAPlan) {
  (*spec_.mutable_users())["app"].mutable_password()->set_secret("app-password");
  Must("instance.create", Instance());
  DatabaseUserAction user;
  user.set_name("app");
  user.set_login("app_a");
  user.mutable_secret()->set_name("app-password");
  user.mutable_secret()->set_version(1);
  Must("user.ensure", user);
  EXPECT_EQ(program_.logins["app_a"], "value of app-password");
  program_.is.clear_users();
  std::vector<std::string> drift;
  Observed(&drift);
  EXPECT_THAT(drift, Contains("the user app is gone"));
  EXPECT_THAT(RepairAll(), IsEmpty());
}

TEST_F(DatabaseDriverTest, AReplicaThatCannotFollowIsToldAndLeftToAPlanAndSendsNobodyToItself) {
  Must("instance.create", Instance());
  program_.is.set_role("replica");
  Observed();
  EXPECT_EQ(driver_->Roles(state_).at(0).role, roles::Role::kReplica);
  program_.is.set_state("stranded");
  std::vector<std::string> drift;
  Observed(&drift);
  EXPECT_THAT(drift, Contains("this replica cannot follow its primary any more"));
  EXPECT_THAT(RepairAll(), IsEmpty());
  EXPECT_EQ(driver_->Roles(state_).at(0).role, roles::Role::kUnknown);
}

TEST_F(DatabaseDriverTest, NamesThatAreNoneAreRefused) {
  Must("instance.create", Instance());
  DatabaseUserAction user;
  user.set_name("app\"; drop table x; --");
  EXPECT_FALSE(Run("user.ensure", user).ok());
  DatabaseSlotsAction slots;
  slots.add_members("b'; --");
  EXPECT_FALSE(Run("slots.set", slots).ok());
}

TEST_F(DatabaseDriverTest, ARetiredInstanceIsForgottenHere) {
  Must("instance.create", Instance());
  DatabaseRetireAction retire;
  const auto done = Run("instance.retire", retire);
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->forget_object);
  EXPECT_EQ(program_.is.state(), "kept");
}

}  // namespace
}  // namespace podwright::drivers
