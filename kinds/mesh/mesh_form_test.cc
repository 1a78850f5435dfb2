#include "kinds/mesh/mesh_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/v1/kinds/mesh.pb.h"

namespace podwright::kinds {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MeshRange Range(const std::string& text) {
  return MeshRange::Parse(text).value();
}

v1::kinds::MeshRulesAction Rules() {
  v1::kinds::MeshRulesAction rules;
  rules.set_interface("pw-prod");
  auto& line = *rules.add_lines();
  line.set_name("web");
  line.add_sources("10.90.0.2");
  line.add_sources("10.90.0.3");
  line.set_protocol("tcp");
  line.set_port(80);
  line.set_port_end(90);
  return rules;
}

TEST(MeshInterface, IsShortEnoughAndAnotherForEveryName) {
  EXPECT_EQ(MeshInterface("prod"), "pw-prod");
  EXPECT_EQ(MeshInterface("twelve-chars"), "pw-twelve-chars");
  const std::string a = MeshInterface("a-much-longer-name-1");
  const std::string b = MeshInterface("a-much-longer-name-2");
  EXPECT_EQ(a.size(), 15U);
  EXPECT_EQ(a.substr(0, 4), "pw-0");
  EXPECT_NE(a, b);
}

TEST(MeshRange, PlacesAreAddressesWithoutTheNetworksOwn) {
  EXPECT_EQ(Range("10.90.0.0/24").size(), 254U);
  EXPECT_EQ(Range("10.90.0.0/24").AddressAt(1).value(), "10.90.0.1");
  EXPECT_EQ(Range("10.90.0.0/16").AddressAt(300).value(), "10.90.1.44");
  EXPECT_FALSE(Range("10.90.0.0/24").AddressAt(255).ok());
  EXPECT_FALSE(Range("10.90.0.0/24").AddressAt(0).ok());
  EXPECT_EQ(Range("10.90.0.0/30").size(), 2U);
  EXPECT_EQ(Range("10.90.0.0/31").size(), 0U);
  EXPECT_EQ(Range("fd00:1::/64").AddressAt(258).value(), "fd00:1::102");
  EXPECT_EQ(Range("fd00:1::/126").size(), 3U);
}

TEST(MeshRange, OverlapIsSeenAcrossPrefixLengths) {
  EXPECT_TRUE(Range("10.0.0.0/8").Overlaps(Range("10.90.0.0/24")));
  EXPECT_TRUE(Range("10.90.0.0/24").Overlaps(Range("10.0.0.0/8")));
  EXPECT_FALSE(Range("10.90.0.0/24").Overlaps(Range("10.90.1.0/24")));
  EXPECT_FALSE(Range("10.90.0.0/24").Overlaps(Range("fd00::/8")));
}

TEST(MeshRange, WhatIsNoNetworkIsRefused) {
  for (const char* text :
       {"", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/x", "nowhere/8", "fd00::/129", "10.0.0.0/99999999999"}) {
    EXPECT_FALSE(MeshRange::Parse(text).ok()) << text;
  }
}

TEST(Endpoints, KeepTheirOwnPortOrGetTheMeshs) {
  EXPECT_EQ(EndpointWithPort("vpn.example.com", 51820), "vpn.example.com:51820");
  EXPECT_EQ(EndpointWithPort("192.0.2.1:4000", 51820), "192.0.2.1:4000");
  EXPECT_EQ(EndpointWithPort("[2001:db8::1]", 51820), "[2001:db8::1]:51820");
  EXPECT_EQ(EndpointWithPort("[2001:db8::1]:9", 51820), "[2001:db8::1]:9");
  EXPECT_EQ(JoinHostPort("2001:db8::1", 1), "[2001:db8::1]:1");
}

TEST(MeshTable, DeniesWhatNoRuleAllows) {
  const std::string text = MeshTableText(Rules()).value();
  EXPECT_THAT(text, HasSubstr("table inet podwright_mesh_prod {"));
  EXPECT_THAT(text, HasSubstr("iifname != \"pw-prod\" accept"));
  EXPECT_THAT(text, HasSubstr("ip saddr { 10.90.0.2, 10.90.0.3 } tcp dport 80-90 accept comment \"web\""));
  EXPECT_THAT(text, HasSubstr("    drop\n  }\n  chain forward"));
  auto open = Rules();
  open.clear_lines();
  open.set_allow(true);
  EXPECT_THAT(MeshTableText(open).value(), Not(HasSubstr("chain input")));
  EXPECT_NE(MeshRulesDigest(open), MeshRulesDigest(Rules()));
}

TEST(MeshTable, NothingThatCouldBreakOutOfTheTextIsWritten) {
  auto bad = Rules();
  bad.mutable_lines(0)->set_name("x\" accept; #");
  EXPECT_FALSE(MeshTableText(bad).ok());
  bad = Rules();
  bad.mutable_lines(0)->set_sources(0, "10.0.0.1 } accept");
  EXPECT_FALSE(MeshTableText(bad).ok());
  bad = Rules();
  bad.mutable_lines(0)->set_port_end(79);
  EXPECT_FALSE(MeshTableText(bad).ok());
  bad = Rules();
  bad.set_interface("eth0");
  EXPECT_FALSE(MeshTableText(bad).ok());
}

}  // namespace
}  // namespace podwright::kinds
