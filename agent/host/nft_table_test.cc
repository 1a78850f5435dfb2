#include "agent/host/nft_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace podwright::host {
namespace {

kinds::FirewallTable Table() {
  kinds::FirewallTable table;
  table.keep_ssh = true;
  table.lines = {{"dns", "udp", 53, 53, "2001:db8::/32"},
                 {"web", "tcp", 80, 80, ""},
                 {"web", "tcp", 8000, 8010, "10.0.0.0/8"},
                 {"web", "tcp", 8000, 8010, "192.0.2.7/32"}};
  return table;
}

// As nft 1.0.6 prints the table of Table().
std::string Listing(const std::string& extra = "") {
  return R"({"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
{"table": {"family": "inet", "name": "podwright", "handle": 2}},
{"chain": {"family": "inet", "table": "podwright", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
{"rule": {"chain": "input", "handle": 2, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, {"accept": null}]}},
{"rule": {"chain": "input", "handle": 4, "expr": [{"match": {"op": "==", "left": {"ct": {"key": "state"}}, "right": {"set": ["established", "related"]}}}, {"accept": null}]}},
{"rule": {"chain": "input", "handle": 6, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["icmp", "ipv6-icmp"]}}}, {"accept": null}]}},
{"rule": {"chain": "input", "handle": 7, "comment": "podwright: ssh", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}, {"accept": null}]}},
{"rule": {"chain": "input", "handle": 8, "comment": "dns", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 53}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field": "saddr"}}, "right": {"prefix": {"addr": "2001:db8::", "len": 32}}}}, {"accept": null}]}},
{"rule": {"chain": "input", "handle": 9, "comment": "web", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 80}}, {"accept": null}]}},
{"rule": {"chain": "input", "handle": 10, "comment": "web", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"range": [8000, 8010]}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}}, {"accept": null}]}},
{"rule": {"chain": "input", "handle": 11, "comment": "web", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"range": [8000, 8010]}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.7"}}, {"accept": null}]}})" +
         extra + "]}";
}

TEST(NftTable, WhatTheKernelTellsIsWhatWasWanted) {
  const auto table = ParseNftTable(Listing());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(*table, Table());
}

TEST(NftTable, TheRulesOfAMeshAreReadBackAndHalfOfThemIsForeign) {
  const std::string interface =
      R"(,{"rule": {"chain": "input", "handle": 12, "comment": "podwright: mesh pw-prod", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "pw-prod"}}, {"accept": null}]}})";
  const std::string port =
      R"(,{"rule": {"chain": "input", "handle": 13, "comment": "podwright: mesh pw-prod", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 51820}}, {"accept": null}]}})";
  auto wanted = Table();
  wanted.meshes = {{"pw-prod", 51820}};
  const auto whole = ParseNftTable(Listing(interface + port));
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(*whole, wanted);
  EXPECT_NE(NftScript(wanted).value().find("udp dport 51820 accept comment \"podwright: mesh pw-prod\""),
            std::string::npos);
  for (const std::string& half : {interface, port}) {
    const auto table = ParseNftTable(Listing(half));
    ASSERT_TRUE(table.ok());
    EXPECT_EQ(table->foreign.size(), 1U);
    EXPECT_TRUE(table->meshes.empty());
  }
}

TEST(NftTable, VrrpHasNoPortAndIsReadBackByNameAndByNumber) {
  auto wanted = Table();
  wanted.lines.push_back({"load-balancer-web-vrrp-0", "vrrp", 0, 0, "192.0.2.7/32"});
  std::sort(wanted.lines.begin(), wanted.lines.end());
  EXPECT_NE(NftScript(wanted).value().find(
                "meta l4proto 112 ip saddr 192.0.2.7/32 accept comment \"load-balancer-web-vrrp-0\""),
            std::string::npos);
  for (const std::string protocol : {"\"vrrp\"", "112"}) {
    const auto table = ParseNftTable(Listing(
        R"(,{"rule": {"chain": "input", "handle": 12, "comment": "load-balancer-web-vrrp-0", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": )" +
        protocol +
        R"(}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.7"}}, {"accept": null}]}})"));
    ASSERT_TRUE(table.ok());
    EXPECT_EQ(*table, wanted);
  }
}

TEST(NftTable, ARuleOfSomebodyElseIsForeign) {
  const auto table = ParseNftTable(Listing(
      R"(,{"rule": {"chain": "input", "handle": 12, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 23}}, {"accept": null}]}})"));
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->foreign.size(), 1U);
}

TEST(NftTable, AMissingFixedRuleAndAnotherPolicyAreNoticed) {
  std::string open = Listing();
  open.replace(open.find("\"drop\""), 6, "\"accept\"");
  EXPECT_FALSE(ParseNftTable(open)->foreign.empty());
  std::string no_loopback = Listing();
  no_loopback.replace(no_loopback.find("\"lo\""), 4, "\"eth0\"");
  EXPECT_FALSE(ParseNftTable(no_loopback)->foreign.empty());
}

TEST(NftTable, WhatIsNoListingIsAnError) {
  EXPECT_FALSE(ParseNftTable("").ok());
  EXPECT_FALSE(ParseNftTable("{}").ok());
  EXPECT_FALSE(ParseNftTable("{\"nftables\": [{\"rule\": {\"expr\": 3}}]}").ok() &&
               ParseNftTable("{\"nftables\": [{\"rule\": {\"expr\": 3}}]}")->foreign.empty());
}

TEST(NftTable, ScriptReplacesTheTableInOneTransaction) {
  const auto script = NftScript(Table());
  ASSERT_TRUE(script.ok());
  EXPECT_EQ(script->find("table inet podwright\ndelete table inet podwright\n"), 0U);
  EXPECT_NE(script->find("policy drop"), std::string::npos);
  EXPECT_NE(script->find("tcp dport 8000-8010 ip saddr 10.0.0.0/8 accept comment \"web\""), std::string::npos);
  EXPECT_NE(script->find("udp dport 53 ip6 saddr 2001:db8::/32 accept comment \"dns\""), std::string::npos);
}

TEST(NftTable, TextThatCouldLeaveItsQuotesIsRefused) {
  kinds::FirewallTable table = Table();
  table.lines[0].name = "x\" drop; #";
  EXPECT_FALSE(NftScript(table).ok());
  table = Table();
  table.lines[0].protocol = "tcp accept;";
  EXPECT_FALSE(NftScript(table).ok());
  table = Table();
  table.lines[0].source = "10.0.0.0/8 accept; drop";
  EXPECT_FALSE(NftScript(table).ok());
}

}  // namespace
}  // namespace podwright::host
