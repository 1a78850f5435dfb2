#include "kinds/load_balancer/address_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podwright::kinds {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using v1::kinds::LoadBalancerAddressAction;

LoadBalancerAddressAction Action() {
  LoadBalancerAddressAction action;
  action.set_address("192.0.2.100/24");
  action.set_router_id(7);
  action.set_priority(150);
  action.set_own_address("192.0.2.1");
  (*action.mutable_peers())["b"] = "192.0.2.2";
  (*action.mutable_peers())["c"] = "192.0.2.3";
  action.add_sides("http");
  return action;
}

TEST(SharedAddress, IsReadInItsNormalForm) {
  EXPECT_EQ(ParseSharedAddress("192.0.2.10")->Text(), "192.0.2.10/32");
  EXPECT_EQ(ParseSharedAddress("192.0.2.10/24")->Text(), "192.0.2.10/24");
  EXPECT_EQ(ParseSharedAddress("2001:DB8::0:1")->Text(), "2001:db8::1/128");
  for (const char* text : {"", "192.0.2", "192.0.2.10/33", "192.0.2.10/", "192.0.2.10/0", "192.0.2.10/2x", "::1/129"}) {
    EXPECT_FALSE(ParseSharedAddress(text).ok()) << text;
  }
}

TEST(SharedAddress, ThePreferredServerIsFirstThenTheOrderDecides) {
  v1::kinds::LoadBalancerSpec spec;
  for (const char* name : {"a", "b", "c"}) spec.add_servers(name);
  EXPECT_GT(SharedPriority(spec, "a"), SharedPriority(spec, "b"));
  EXPECT_GT(SharedPriority(spec, "b"), SharedPriority(spec, "c"));
  spec.mutable_shared_address()->set_prefer("c");
  EXPECT_GT(SharedPriority(spec, "c"), SharedPriority(spec, "a"));
}

TEST(SharedAddress, TheRouterIdComesFromTheNameUnlessItIsDeclared) {
  v1::kinds::LoadBalancerSharedAddress shared;
  const std::int64_t made = SharedRouterId("shop", shared);
  EXPECT_GE(made, 1);
  EXPECT_LE(made, 255);
  EXPECT_EQ(SharedRouterId("shop", shared), made);
  shared.set_router_id(9);
  EXPECT_EQ(SharedRouterId("shop", shared), 9);
}

TEST(Keepalived, GoesByUnicastAmongTheServersAndWatchesNginx) {
  const auto text = KeepalivedText("shop", Action(), "eth0");
  ASSERT_TRUE(text.ok()) << text.error().ToString();
  EXPECT_THAT(*text, HasSubstr("unicast_src_ip 192.0.2.1\n    check_unicast_src\n    unicast_peer {\n"
                               "        192.0.2.2\n        192.0.2.3\n    }\n"));
  EXPECT_THAT(*text, HasSubstr("virtual_ipaddress {\n        192.0.2.100/24 dev eth0 label eth0:pw\n    }\n"));
  EXPECT_THAT(*text, HasSubstr("is-active podwright-lb-shop-http.service\""));
  EXPECT_THAT(*text, HasSubstr("track_script {\n        http\n    }\n"));
  EXPECT_THAT(*text, Not(HasSubstr("auth")));
}

TEST(Keepalived, WhatOtherServersSayIsWrittenOnlyWhereItIsAnAddress) {
  LoadBalancerAddressAction action = Action();
  (*action.mutable_peers())["b"] = "192.0.2.2\n    }\n    notify /bin/sh";
  EXPECT_FALSE(KeepalivedText("shop", action, "eth0").ok());
  EXPECT_FALSE(KeepalivedText("shop", Action(), "eth0 {").ok());
  EXPECT_FALSE(KeepalivedText("shop", Action(), "").ok());
  action = Action();
  action.add_sides("http\"; /bin/sh");
  EXPECT_FALSE(KeepalivedText("shop", action, "eth0").ok());
}

TEST(Keepalived, AServerAloneHasNoListOfPeers) {
  LoadBalancerAddressAction action = Action();
  action.clear_peers();
  const auto text = KeepalivedText("shop", action, "eth0");
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, Not(HasSubstr("unicast")));
  EXPECT_THAT(*text, HasSubstr("advert_int 1\n    virtual_ipaddress {"));
}

TEST(Keepalived, FamiliesAreNotMixed) {
  LoadBalancerAddressAction action = Action();
  action.set_address("2001:db8::1");
  const auto text = KeepalivedText("shop", action, "eth0");
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message(), HasSubstr("must both be IPv4 or both be IPv6"));
}

TEST(Keepalived, WhatDiffersHasAnotherDigest) {
  const std::string digest = SharedAddressDigest(Action());
  EXPECT_EQ(SharedAddressDigest(Action()), digest);
  LoadBalancerAddressAction action = Action();
  (*action.mutable_peers())["b"] = "192.0.2.9";
  EXPECT_NE(SharedAddressDigest(action), digest);
  action = Action();
  action.set_priority(200);
  EXPECT_NE(SharedAddressDigest(action), digest);
}

}  // namespace
}  // namespace podwright::kinds
