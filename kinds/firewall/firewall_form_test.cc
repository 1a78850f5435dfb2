#include "kinds/firewall/firewall_form.h"

#include <gtest/gtest.h>

#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

v1::kinds::FirewallAction OneRule(std::initializer_list<const char*> sources) {
  v1::kinds::FirewallAction action;
  auto& rule = (*action.mutable_firewall()->mutable_inbound())["web"];
  rule.set_port(80);
  for (const char* source : sources) rule.add_sources(source);
  return action;
}

v1::kinds::FirewallAction WithMesh(std::int64_t port) {
  v1::kinds::FirewallAction action = OneRule({});
  (*action.mutable_meshes())["pw-prod"] = port;
  return action;
}

TEST(FirewallForm, SpellingAndOrderOfSourcesMakeNoDifference) {
  const auto a = WantedFirewall(OneRule({"10.0.0.1/8", "2001:DB8::7/32", "10.0.0.0/8"}));
  const auto b = WantedFirewall(OneRule({"2001:db8::/32", "10.0.0.0/8"}));
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(FirewallDigest(*a), FirewallDigest(*b));
}

TEST(FirewallForm, DefaultsAreTheSameAsWritten) {
  auto written = OneRule({});
  (*written.mutable_firewall()->mutable_inbound())["web"].set_protocol("tcp");
  (*written.mutable_firewall()->mutable_inbound())["web"].set_port_end(80);
  written.mutable_firewall()->set_keep_ssh(true);
  EXPECT_EQ(FirewallDigest(*WantedFirewall(written)), FirewallDigest(*WantedFirewall(OneRule({}))));
}

TEST(FirewallForm, WhatDiffersHasAnotherDigest) {
  auto no_ssh = OneRule({});
  no_ssh.mutable_firewall()->set_keep_ssh(false);
  EXPECT_NE(FirewallDigest(*WantedFirewall(no_ssh)), FirewallDigest(*WantedFirewall(OneRule({}))));
  FirewallTable foreign = *WantedFirewall(OneRule({}));
  foreign.foreign.push_back("something");
  EXPECT_NE(FirewallDigest(foreign), FirewallDigest(*WantedFirewall(OneRule({}))));
}

TEST(FirewallForm, AMeshIsPartOfTheTable) {
  const auto with = WantedFirewall(WithMesh(51820));
  ASSERT_TRUE(with.ok());
  EXPECT_EQ(with->meshes, (std::vector<FirewallMesh>{{"pw-prod", 51820}}));
  EXPECT_NE(FirewallDigest(*with), FirewallDigest(*WantedFirewall(OneRule({}))));
  EXPECT_NE(FirewallDigest(*with), FirewallDigest(*WantedFirewall(WithMesh(51821))));
  EXPECT_FALSE(WantedFirewall(WithMesh(0)).ok());
}

TEST(FirewallForm, AServiceIsALineLikeADeclaredOneAndVrrpHasNoPort) {
  v1::kinds::FirewallAction action = OneRule({});
  auto& service = (*action.mutable_services())["database-orders-tcp-5432"];
  service.set_protocol("tcp");
  service.set_port(5432);
  service.add_sources("192.0.2.7");
  (*action.mutable_services())["load-balancer-web-vrrp-0"].set_protocol("vrrp");
  const auto table = WantedFirewall(action);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->lines, (std::vector<FirewallLine>{{"database-orders-tcp-5432", "tcp", 5432, 5432, "192.0.2.7/32"},
                                                     {"load-balancer-web-vrrp-0", "vrrp", 0, 0, ""},
                                                     {"web", "tcp", 80, 80, ""}}));
  service.set_port(0);
  EXPECT_FALSE(WantedFirewall(action).ok());
}

TEST(FirewallForm, BadPortsAndSourcesAreRefused) {
  EXPECT_FALSE(WantedFirewall(OneRule({"10.0.0.0/33"})).ok());
  EXPECT_FALSE(WantedFirewall(OneRule({"elsewhere"})).ok());
  EXPECT_FALSE(WantedFirewall(OneRule({"10.0.0.0/"})).ok());
  auto backwards = OneRule({});
  (*backwards.mutable_firewall()->mutable_inbound())["web"].set_port_end(79);
  EXPECT_FALSE(WantedFirewall(backwards).ok());
}

}  // namespace
}  // namespace podwright::kinds
