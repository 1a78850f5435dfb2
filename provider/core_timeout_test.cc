// Time limits, and taking up what a broken-off create left, with a client in the place of core and a control plane in
// this process.
#include <thread>

#include "provider/testing/control_plane_case.h"
#include "provider/testing/tunnel.h"

namespace podwright::provider::testing {
namespace {

using ::testing::HasSubstr;

class ClientPlayingCoreWithTimeouts : public ControlPlaneCase {
 protected:
  void SetUp() override {
    core_.Configure(Config(Token("operator")));
    ASSERT_EQ(core_.said(), "");
  }
  static Value Impatient(Value config, const char* operation) {
    config.SetField("timeouts", Value::Object({{operation, Value::String("300ms")}}));
    return config;
  }
  // The newest run of the workspace.
  v1::Run LastRun() {
    const auto runs = world_.ClientOf("viewer")->ListRuns({});
    return runs.ok() && runs->runs_size() > 0 ? runs->runs(0) : v1::Run();
  }
};

TEST_F(ClientPlayingCoreWithTimeouts, CreateThatTakesTooLongNamesItsRunWhichGoesOnAndKeepsTheObject) {
  const Instance made = core_.Apply("podwright_server", Impatient(Server("web-1"), "create"));
  EXPECT_TRUE(core_.has_error());
  EXPECT_THAT(core_.said(), HasSubstr("server/web-1: not done in time, the run goes on"));
  EXPECT_THAT(core_.said(), HasSubstr("podwright run get " + LastRun().id()));
  EXPECT_THAT(core_.said(), HasSubstr("The create took too long"));
  EXPECT_LT(LastRun().state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(made.state.Get("id"), Value::String("default/web-1"));
  EXPECT_TRUE(made.state.IsWhollyKnown());
  EXPECT_EQ(made.identity.Get("name"), Value::String("web-1"));

  // Core taints it. The next apply destroys and creates: the same object, and its run goes on.
  const std::string uid = UidOf("server", "web-1");
  core_.Forget();
  core_.ReplaceTainted("podwright_server", Impatient(Server("web-1"), "create"), made);
  EXPECT_THAT(core_.said(), HasSubstr("exists already and is taken up as it is"));
  EXPECT_EQ(UidOf("server", "web-1"), uid);
}

TEST_F(ClientPlayingCoreWithTimeouts, UpdateThatTakesTooLongKeepsTheStateOfBefore) {
  const Instance made = core_.Apply("podwright_server", Impatient(Server("web-1"), "create"));
  core_.Forget();
  Value config = Impatient(Server("web-1"), "update");
  config.SetField("sysctl", Value::Map({{"vm.swappiness", Value::String("10")}}));
  const Instance updated = core_.Apply("podwright_server", config, made);
  EXPECT_THAT(core_.said(), HasSubstr("not done in time, the run goes on"));
  EXPECT_THAT(core_.said(), HasSubstr("The update took too long"));
  EXPECT_EQ(updated.state, made.state);
}

// The control plane has it, and its answer comes too late: the object is asked for by its name.
TEST_F(ClientPlayingCoreWithTimeouts, AnswerThatComesAfterTheTimeLimitIsNoLostObject) {
  Tunnel tunnel(world_.api->port());
  Value provider = Config(Token("operator"));
  provider.SetField("endpoint", Value::String(tunnel.endpoint()));
  core_.Configure(provider);
  const Value config = Impatient(Server("web-1"), "create");
  const auto planned = core_.Plan("podwright_server", config);
  ASSERT_EQ(core_.said(), "");
  const auto gets = [this] {
    std::uint64_t count = 0;
    for (const auto& [call, times] : world_.calls.Counts()) count += call.first == "Get" ? times : 0;
    return count;
  };
  const std::uint64_t before = gets();
  tunnel.HoldAnswers();
  std::thread release([&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (gets() == before && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    tunnel.Release();
  });
  const Instance made = core_.ApplyPlanned("podwright_server", config, {}, planned);
  release.join();
  EXPECT_THAT(core_.said(), HasSubstr("server/web-1: not done in time, the run goes on"));
  EXPECT_THAT(core_.said(), HasSubstr("podwright run get " + LastRun().id()));
  EXPECT_EQ(made.state.Get("id"), Value::String("default/web-1"));
}

TEST_F(ClientPlayingCoreWithTimeouts, DifferentTimeoutsAloneAreNoChangeOfTheObject) {
  const Instance made = core_.Apply("podwright_secret", Secret("a"));
  const auto revision = [this] { return LastRun().id(); };
  const std::string before = revision();
  const Instance changed = core_.Apply("podwright_secret", Impatient(Secret("a"), "delete"), made);
  EXPECT_FALSE(core_.has_error()) << core_.said();
  EXPECT_EQ(changed.state.Get("timeouts").Get("delete"), Value::String("300ms"));
  EXPECT_EQ(changed.state.Get("status"), made.state.Get("status"));
  EXPECT_EQ(revision(), before);
}

TEST_F(ClientPlayingCoreWithTimeouts, WrongTimeoutIsToldAtItsAttribute) {
  Value config = Secret("a");
  config.SetField("timeouts", Value::Object({{"create", Value::String("soon")}}));
  core_.Validate("podwright_secret", config);
  EXPECT_TRUE(core_.has_error());
  EXPECT_THAT(core_.said(), HasSubstr("Not a duration"));
}

TEST_F(ClientPlayingCoreWithTimeouts, TaintedObjectIsKeptWhereUnknownValuesLeaveNoPreview) {
  const Instance made = core_.Apply("podwright_secret", Secret("a"));
  const std::string uid = UidOf("secret", "a");
  Value unknown = Secret("a");
  unknown.SetField("labels", Value::Unknown());
  core_.Forget();
  const auto planned = core_.Plan("podwright_secret", unknown);
  EXPECT_THAT(core_.said(), HasSubstr("secret/a: exists already and is taken up as it is"));
  core_.Forget();
  core_.Destroy("podwright_secret", made, planned.planned_private());
  const Instance again = core_.Apply("podwright_secret", Secret("a"));
  EXPECT_FALSE(core_.has_error()) << core_.said();
  EXPECT_EQ(again.state.Get("id"), Value::String("default/a"));
  EXPECT_EQ(UidOf("secret", "a"), uid);
}

// create_before_destroy, or a resource that got another address.
TEST_F(ClientPlayingCoreWithTimeouts, DestroyAfterTheCreateOfTheSameNameKeepsTheObject) {
  const Instance first = core_.Apply("podwright_secret", Secret("a"));
  core_.Configure(Config(Token("operator")));  // another run
  const std::string uid = UidOf("secret", "a");
  core_.Apply("podwright_secret", Secret("a"));
  core_.Forget();
  const Instance gone = core_.Destroy("podwright_secret", first);
  EXPECT_TRUE(gone.state.is_null());
  EXPECT_THAT(core_.said(), HasSubstr("warning: secret/a: is kept, since this apply declares it"));
  EXPECT_EQ(UidOf("secret", "a"), uid);
  core_.Configure(Config(Token("operator")));
  core_.Destroy("podwright_secret", first);
  EXPECT_EQ(UidOf("secret", "a"), "");
}

}  // namespace
}  // namespace podwright::provider::testing
