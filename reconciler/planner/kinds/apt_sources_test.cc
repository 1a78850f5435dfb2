// Apt sources in plans: of a server, and of a database that names one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kinds/server/apt_source_form.h"
#include "podwright/v1/kinds/database.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of two kinds, in their test
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kKey[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n";

class AptSourcesPlanTest : public ::testing::Test {
 protected:
  AptSourcesPlanTest() {
    ServerAptSource& source = (*server_.mutable_apt_sources())["pgdg"];
    source.set_uri("https://apt.example.org/pub");
    source.set_suite("bookworm-pgdg");
    source.add_components("main");
    source.set_key(kKey);
    AgentInput agent = MakeTestAgent("one");
    for (const char* verb : {"server.apt_source.set", "server.apt_source.remove", "database.instance.create"}) {
      agent.verbs.insert(verb);
    }
    facts_.PutAgent(agent);
    observed_.set_address("192.0.2.1");
    database_.set_engine("postgresql");
    database_.set_version("15");
    database_.add_members("one");
  }
  void Put() {
    facts_.PutObject(MakeTestObject("server", "one", server_));
    facts_.PutObserved(MakeTestObserved({"server", "one"}, "one", observed_));
  }
  v1::Slice Slice(const std::string& kind) {
    const v1::Plan plan = planner_.PlanAll(facts_);
    for (const v1::Slice& slice : plan.slices()) {
      if (slice.object().kind() == kind) return slice;
    }
    return {};
  }
  std::vector<std::string> Verbs(const std::string& kind) {
    std::vector<std::string> out;
    const v1::Slice slice = Slice(kind);
    for (const v1::Action& action : slice.actions()) out.push_back(action.verb());
    return out;
  }
  // As the agent sees it when the source was set.
  void SetSource() {
    (*observed_.mutable_apt_sources())["pgdg"].set_sha256(
        kinds::AptSourceDigest(*kinds::AptSourceFiles("pgdg", server_.apt_sources().at("pgdg"))));
    observed_.add_managed("apt_source:pgdg");
  }

  FactBase facts_;
  Planner planner_{planners_};
  static inline const KindPlanners planners_ = TestingPlanners();
  ServerSpec server_;
  ServerObserved observed_;
  DatabaseSpec database_;
};

TEST_F(AptSourcesPlanTest, ASourceIsThereBeforeWhatComesFromIt) {
  (*server_.mutable_packages())["tree"];
  Put();
  const v1::Slice slice = Slice("server");
  ASSERT_EQ(slice.actions_size(), 2) << slice.error();
  EXPECT_EQ(slice.actions(0).verb(), "server.apt_source.set");
  EXPECT_EQ(slice.actions(0).compensation().verb(), "server.apt_source.remove");
  EXPECT_THAT(slice.actions(1).depends_on(), ElementsAre(slice.actions(0).id()));
}

TEST_F(AptSourcesPlanTest, OneThatIsAsDeclaredIsLeftAndAChangedKeyIsSetAgain) {
  SetSource();
  Put();
  EXPECT_THAT(Verbs("server"), ElementsAre());
  (*server_.mutable_apt_sources())["pgdg"].set_key(std::string("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmZ==\n") +
                                                   "-----END PGP PUBLIC KEY BLOCK-----\n");
  Put();
  EXPECT_THAT(Verbs("server"), ElementsAre("server.apt_source.set"));
}

TEST_F(AptSourcesPlanTest, OneThatIsNoLongerDeclaredGoesAfterItsPackages) {
  SetSource();
  observed_.add_managed("package:tree");
  (*observed_.mutable_packages())["tree"] = "1";
  server_.clear_apt_sources();
  Put();
  EXPECT_THAT(Verbs("server"), ElementsAre("server.package.remove", "server.apt_source.remove"));
}

TEST_F(AptSourcesPlanTest, SomebodyElsesFileIsAnErrorThatNamesIt) {
  (*observed_.mutable_apt_sources())["pgdg"].set_foreign(true);
  Put();
  EXPECT_THAT(Slice("server").error(), HasSubstr("/etc/apt/sources.list.d/podwright-pgdg.sources"));
}

TEST_F(AptSourcesPlanTest, ADatabaseTakesItsProgramsFromTheSourceThatItNames) {
  Put();
  facts_.PutSecret({InternalSecretName({"database", "orders"}, "replication"), 1, {}, {}});
  database_.set_apt_source("pgdg");
  facts_.PutObject(MakeTestObject("database", "orders", database_));
  const v1::Slice slice = Slice("database");
  ASSERT_EQ(slice.error(), "");
  ASSERT_GT(slice.actions_size(), 0);
  DatabaseSoftwareAction payload;
  ASSERT_TRUE(payload.ParseFromString(slice.actions(0).payload()));
  EXPECT_EQ(payload.apt_source(), "pgdg");
  EXPECT_EQ(payload.apt_uri(), "https://apt.example.org/pub");
  EXPECT_THAT(slice.actions(0).summary(), HasSubstr("from the apt source pgdg"));
}

TEST_F(AptSourcesPlanTest, ASourceThatAMemberDoesNotDeclareIsAnError) {
  Put();
  database_.set_apt_source("mariadb");
  facts_.PutObject(MakeTestObject("database", "orders", database_));
  EXPECT_THAT(Slice("database").error(), HasSubstr("server/one declares no apt source mariadb"));
}

}  // namespace
}  // namespace podwright::planner
