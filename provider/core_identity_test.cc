// Identities, with a client in the place of core: Terraform 1.12 and OpenTofu 1.12 are the first that ask for them.
#include "provider/testing/control_plane_case.h"

namespace podwright::provider::testing {
namespace {

using ::testing::HasSubstr;

class ClientPlayingCoreWithIdentities : public ControlPlaneCase {
 protected:
  void SetUp() override {
    core_.Configure(Config(Token("operator")));
    ASSERT_EQ(core_.said(), "");
  }
  static Value Identity(const std::string& name) {
    return Value::Object({{"workspace", Value::String("default")}, {"name", Value::String(name)}});
  }
};

TEST_F(ClientPlayingCoreWithIdentities, PlannedAppliedAndReadIdentitiesAreTheSame) {
  const auto planned = core_.Plan("podwright_secret", Secret("a"));
  EXPECT_EQ(core_.Identity("podwright_secret", planned.planned_identity()), Identity("a"));
  const Instance made = core_.Apply("podwright_secret", Secret("a"));
  ASSERT_FALSE(core_.has_error()) << core_.said();
  EXPECT_EQ(made.identity, Identity("a"));
  EXPECT_EQ(core_.Read("podwright_secret", made).identity, Identity("a"));
  const Instance gone = core_.Destroy("podwright_secret", made);
  EXPECT_TRUE(gone.state.is_null());
  EXPECT_FALSE(core_.has_error()) << core_.said();
}

TEST_F(ClientPlayingCoreWithIdentities, ImportTakesAnIdOrAnIdentity) {
  const Instance made = core_.Apply("podwright_secret", Secret("a"));
  const std::pair<std::string, Value> ways[] = {
      {"a", Value()}, {"default/a", Value()}, {"", Identity("a")}, {"", Value::Object({{"name", Value::String("a")}})}};
  for (const auto& [id, identity] : ways) {
    const Instance imported = core_.Import("podwright_secret", id, identity);
    ASSERT_FALSE(core_.has_error()) << core_.said();
    EXPECT_EQ(imported.identity, Identity("a"));
    EXPECT_EQ(imported.state, made.state);
    // Nothing is left to change.
    const auto planned = core_.Plan("podwright_secret", Secret("a"), imported);
    EXPECT_EQ(core_.State("podwright_secret", planned.planned_state()), imported.state);
  }
}

TEST_F(ClientPlayingCoreWithIdentities, WhatCannotBeAnIdentityIsAnError) {
  core_.Import("podwright_secret", "", Value::Object({{"name", Value::String("Not A Name")}}));
  EXPECT_THAT(core_.said(), HasSubstr("error: Wrong identity"));
  core_.Forget();
  core_.Import("podwright_secret", "", Value::Object({{"workspace", Value::String("default")}}));
  EXPECT_THAT(core_.said(), HasSubstr("error: The identity is not complete"));
  core_.Forget();
  core_.Import("podwright_secret", "a/b/c");
  EXPECT_THAT(core_.said(), HasSubstr("error: Wrong import id"));
}

TEST_F(ClientPlayingCoreWithIdentities, WhatIsNotThereIsGoneAfterTheImportsRead) {
  EXPECT_TRUE(core_.Import("podwright_secret", "", Identity("nowhere")).state.is_null());
  EXPECT_FALSE(core_.has_error()) << core_.said();
}

TEST_F(ClientPlayingCoreWithIdentities, StoredIdentityIsUpgraded) {
  EXPECT_EQ(core_.UpgradeIdentity("podwright_secret", 0, R"({"workspace":"default","name":"a"})"), Identity("a"));
  EXPECT_FALSE(core_.has_error()) << core_.said();
  core_.UpgradeIdentity("podwright_secret", 7, R"({"name":"a"})");
  EXPECT_THAT(core_.said(), HasSubstr("written by a newer release"));
}

}  // namespace
}  // namespace podwright::provider::testing
