// A provider's configuration that is not known at plan time, with a client in the place of core: deferral has to be
// allowed by it, which is experimental in the terraform at hand.
#include "provider/testing/control_plane_case.h"

namespace podwright::provider::testing {
namespace {

using ::testing::HasSubstr;

class ClientPlayingCoreWithAnUnknownConfiguration : public ControlPlaneCase {
 protected:
  Value Unknown(const char* setting) {
    Value config = Config(Token("operator"));
    config.SetField(setting, Value::Unknown());
    return config;
  }
};

TEST_F(ClientPlayingCoreWithAnUnknownConfiguration, EverythingIsDeferredWhereTheClientCanWait) {
  core_.Configure(Unknown("endpoint"), true);
  const auto expect_deferred = [this] {
    EXPECT_EQ(core_.deferred(), tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN);
    EXPECT_EQ(core_.said(), "");
  };
  core_.Plan("podwright_secret", Secret("a"));
  expect_deferred();
  core_.Import("podwright_secret", "a");
  expect_deferred();
  core_.ReadData("podwright_secrets");
  expect_deferred();
  core_.OpenEphemeral("podwright_secret", Value::Object({{"name", Value::String("a")}}));
  expect_deferred();
}

TEST_F(ClientPlayingCoreWithAnUnknownConfiguration, ElseThePlanIsMadeOfTheConfigurationAndTheUserIsTold) {
  core_.Configure(Unknown("token"));
  EXPECT_THAT(core_.said(), HasSubstr("warning: The plan is not checked with the control plane"));
  EXPECT_THAT(core_.said(), HasSubstr("`token`"));
  core_.Forget();
  const auto planned = core_.Plan("podwright_secret", Secret("a"));
  EXPECT_EQ(core_.said(), "");
  const Value state = core_.State("podwright_secret", planned.planned_state());
  EXPECT_EQ(state.Get("name"), Value::String("a"));
  for (const char* name : {"id", "status", "effective_labels", "planned_disruption", "plan_digest", "plan_facts"}) {
    EXPECT_TRUE(state.Get(name).is_unknown()) << name;
  }
  const Value identity = core_.Identity("podwright_secret", planned.planned_identity());
  EXPECT_EQ(identity.Get("name"), Value::String("a"));
  EXPECT_TRUE(identity.Get("workspace").is_unknown());
}

TEST_F(ClientPlayingCoreWithAnUnknownConfiguration, WhatNeedsTheControlPlaneSaysWhatToDo) {
  core_.Configure(Unknown("endpoint"));
  core_.Forget();
  core_.ReadData("podwright_secrets");
  EXPECT_THAT(core_.said(), HasSubstr("Of the provider's configuration `endpoint` is made by this apply"));
  core_.Forget();
  core_.OpenEphemeral("podwright_secret", Value::Object({{"name", Value::String("a")}}));
  EXPECT_THAT(core_.said(), HasSubstr("The control plane is not known yet"));
  core_.Forget();
  core_.Import("podwright_secret", "a");
  EXPECT_THAT(core_.said(), HasSubstr("Deferral is not possible here"));
}

// At plan time nobody could ask whether the object is there: the destroying half keeps it all the same.
TEST_F(ClientPlayingCoreWithAnUnknownConfiguration, ATaintedObjectIsKeptByAPlanThatCouldNotAsk) {
  core_.Configure(Config(Token("operator")));
  const Instance made = core_.Apply("podwright_secret", Secret("a"));
  const std::string uid = UidOf("secret", "a");
  ASSERT_FALSE(uid.empty()) << core_.said();
  core_.Configure(Unknown("endpoint"));
  const auto planned = core_.Plan("podwright_secret", Secret("a"));
  core_.Configure(Config(Token("operator")));
  core_.Forget();
  core_.Destroy("podwright_secret", made, planned.planned_private());
  core_.Apply("podwright_secret", Secret("a"));
  EXPECT_FALSE(core_.has_error()) << core_.said();
  EXPECT_EQ(UidOf("secret", "a"), uid);
}

}  // namespace
}  // namespace podwright::provider::testing
