#include "agent/drivers/cache/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podwright::drivers::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::kinds::CacheKept Kept() {
  v1::kinds::CacheKept kept;
  auto& member = *kept.mutable_member();
  member.set_self("a");
  member.set_eviction("noeviction");
  member.set_persistence("aof");
  member.mutable_topology()->set_port(6379);
  member.mutable_topology()->set_sentinel_port(26379);
  for (const char* name : {"a", "b"}) (*member.mutable_topology()->mutable_members())[name] = "";
  (*member.mutable_topology()->mutable_sentinels())["c"] = "10.0.0.3";
  (*kept.mutable_addresses())["a"] = "10.0.0.1";
  (*kept.mutable_addresses())["b"] = "10.0.0.2";
  *kept.mutable_sentinel()->mutable_topology() = member.topology();
  kept.mutable_sentinel()->set_self("c");
  kept.mutable_sentinel()->set_quorum(2);
  return kept;
}

TEST(CacheConfiguration, TheGateKnowsWhoIsWhere) {
  const auto gate = ParseGate(GateText(Kept()));
  ASSERT_TRUE(gate.ok());
  EXPECT_EQ(gate->self, "10.0.0.1");
  EXPECT_THAT(gate->others, ElementsAre("10.0.0.2"));
  EXPECT_THAT(gate->sentinels, ElementsAre("10.0.0.3"));
  EXPECT_TRUE(gate->appends);
  EXPECT_TRUE(gate->persists);
}

TEST(CacheConfiguration, AGateWithoutAnAddressIsRefused) {
  EXPECT_FALSE(ParseGate("port 6379\n").ok());
  EXPECT_FALSE(ParseGate("self /etc/passwd\nport 6379\n").ok());
}

TEST(CacheConfiguration, OnlyThePasswordsFileHasThePassword) {
  EXPECT_EQ(PasswordOfAuthText(AuthText("s3cret")), "s3cret");
  const auto kept = Kept();
  EXPECT_THAT(SettingsText("shop", kept), Not(HasSubstr("masterauth")));
  EXPECT_THAT(UnitText("shop", kept), HasSubstr("ExecStartPre=+/usr/bin/env podwright-agent cache-gate shop"));
}

TEST(CacheConfiguration, OverAMeshOnlyItsAddressListens) {
  auto kept = Kept();
  EXPECT_THAT(SettingsText("shop", kept), HasSubstr("bind * -::*\n"));
  kept.mutable_member()->mutable_topology()->set_mesh_interface("pw-prod");
  EXPECT_THAT(SettingsText("shop", kept), HasSubstr("bind 10.0.0.1 127.0.0.1\n"));
  EXPECT_THAT(UnitText("shop", kept), HasSubstr("After=wg-quick@pw-prod.service"));
}

TEST(CacheConfiguration, WithoutADeclaredDefaultUserNobodyComesInWithoutAPassword) {
  auto kept = Kept();
  (*kept.mutable_users()->mutable_users())["app"].add_keys("x:*");
  (*kept.mutable_verifiers())["app"] = "abc";
  const std::string text = UsersText(AllUsers(kept, "own"));
  EXPECT_EQ(text, "user app on #abc ~x:* &* +@all -@admin\nuser default off\nuser podwright on #own ~* &* +@all\n");
}

TEST(CacheConfiguration, AskingWhoThePrimaryIsNeedsNoPassword) {
  const std::string text = SentinelText("shop", Kept(), "10.0.0.1", "s3cret", "own");
  EXPECT_THAT(text, HasSubstr("user default on nopass resetkeys &* -@all"));
  EXPECT_THAT(text, HasSubstr("sentinel monitor shop 10.0.0.1 6379 2\n"));
  EXPECT_THAT(text, HasSubstr("sentinel auth-pass shop \"s3cret\"\n"));
}

}  // namespace
}  // namespace podwright::drivers::cache
