#include "kinds/canonical.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>

#include "core/digest.h"
#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

using podwright::testing::WidgetSpec;

// One message a line of the golden file: `name hex`.
std::map<std::string, std::string> Vectors() {
  std::map<std::string, std::string> vectors;
  const auto add = [&](const std::string& name, const google::protobuf::Message& message) {
    vectors[name] = HexEncode(CanonicalBytes(message));
  };
  add("empty", WidgetSpec());
  WidgetSpec scalars;
  scalars.set_payload("grün");
  scalars.set_fail(false);
  scalars.set_max_parallel(300);
  scalars.set_weight(-0.5);
  scalars.set_finish(podwright::testing::FINISH_HIGH_GLOSS);
  scalars.set_memory(-1);
  add("scalars", scalars);
  WidgetSpec lists;
  lists.add_servers("b");
  lists.add_servers("a");
  lists.add_sizes(1);
  lists.add_sizes(-1);
  lists.add_holes(true);
  lists.add_finishes(podwright::testing::FINISH_MATT);
  add("lists", lists);
  WidgetSpec maps;
  (*maps.mutable_counts())["b"] = 2;
  (*maps.mutable_counts())["a"] = 0;
  (*maps.mutable_counts())["aa"] = 3;
  (*maps.mutable_parts())["p"].add_networks("10.0.0.0/8");
  (*maps.mutable_parts())["empty"];
  (*maps.mutable_neighbours())["s"] = false;
  add("maps", maps);
  WidgetSpec nested;
  nested.mutable_coat()->set_colour("#ffffff");
  nested.mutable_foil();
  add("nested", nested);
  v1::kinds::ServerSpec server;
  server.set_cloud("lab");
  auto& file = (*server.mutable_files())["/etc/motd"];
  file.set_content("hello\n");
  file.set_mode("0644");
  file.add_reloads("nginx.service");
  (*server.mutable_firewall()->mutable_inbound())["web"].set_port(80);
  (*server.mutable_secrets())["/etc/key"].set_secret("key");
  add("server", server);
  v1::kinds::FirewallAction plain;  // fields without presence: zero is unset
  plain.set_confirm_within_ms(30000);
  add("without_presence", plain);
  return vectors;
}

TEST(CanonicalBytes, MatchesTheGoldenVectors) {
  const std::string path = std::string(PODWRIGHT_KINDS_TESTDATA) + "/canonical.golden";
  const auto vectors = Vectors();
  if (std::getenv("PODWRIGHT_UPDATE_GOLDENS") != nullptr) {
    std::ofstream out(path);
    for (const auto& [name, hex] : vectors) out << name << ' ' << hex << '\n';
    GTEST_SKIP() << "wrote " << path;
  }
  std::ifstream in(path);
  std::map<std::string, std::string> golden;
  std::string name;
  std::string hex;
  while (in >> name >> hex) golden[name] = hex;
  EXPECT_EQ(vectors, golden);
}

TEST(CanonicalBytes, IsTheFormThatTheHeaderSays) {
  WidgetSpec spec;
  spec.set_payload("ab");             // field 3, bytes
  spec.set_fail(true);                // field 6, varint
  (*spec.mutable_counts())["k"] = 5;  // field 15, a map of varints
  spec.add_sizes(7);                  // field 17, a list of varints
  EXPECT_EQ(HexEncode(CanonicalBytes(spec)),
            "01"
            "1a026162"
            "3001"
            "7e00"
            "01"
            "016b05"
            "8c0100"
            "01"
            "07"
            "00");
}

TEST(CanonicalBytes, UnsetIsNotZero) {
  WidgetSpec unset;
  WidgetSpec zero;
  zero.set_payload("");
  WidgetSpec no;
  no.set_fail(false);
  EXPECT_NE(CanonicalBytes(unset), CanonicalBytes(zero));
  EXPECT_NE(CanonicalBytes(unset), CanonicalBytes(no));
}

TEST(CanonicalBytes, TheOrderOfMapsIsTheKeysBytes) {
  WidgetSpec a;
  WidgetSpec b;
  for (int i = 0; i < 100; ++i) (*a.mutable_counts())["k" + std::to_string(i)] = i;
  for (int i = 99; i >= 0; --i) (*b.mutable_counts())["k" + std::to_string(i)] = i;
  EXPECT_EQ(CanonicalBytes(a), CanonicalBytes(b));
}

TEST(CanonicalBytes, ZeroAndNotANumberHaveOneForm) {
  WidgetSpec a;
  WidgetSpec b;
  a.set_weight(0.0);
  b.set_weight(-0.0);
  EXPECT_EQ(CanonicalBytes(a), CanonicalBytes(b));
  a.set_weight(std::numeric_limits<double>::quiet_NaN());
  b.set_weight(-std::nan("7"));
  EXPECT_EQ(CanonicalBytes(a), CanonicalBytes(b));
}

TEST(CanonicalBytes, LeavesOutVolatileAndWriteOnlyFieldsWhenAsked) {
  podwright::testing::WidgetObserved observed;
  observed.set_payload("x");
  const std::string stable = CanonicalBytes(observed);
  observed.set_lag(5);
  EXPECT_NE(CanonicalBytes(observed), stable);
  EXPECT_EQ(CanonicalBytes(observed, {true, false}), stable);
  v1::kinds::SecretSpec secret;
  secret.set_value_version(1);
  const std::string without = CanonicalBytes(secret);
  secret.set_value("hunter2");
  EXPECT_EQ(CanonicalBytes(secret, {false, true}), without);
  v1::kinds::ServerObserved server;
  (*server.mutable_units())["a.service"].set_active(true);
  const std::string quiet = CanonicalBytes(server);
  (*server.mutable_units())["a.service"].set_invocation_id("1");
  EXPECT_EQ(CanonicalBytes(server, {true, false}), quiet);
}

TEST(CanonicalBytes, DoesNotChangeTheMessage) {
  WidgetSpec spec;
  (*spec.mutable_counts())["a"] = 1;
  const auto before = spec.SpaceUsedLong();
  static_cast<void>(CanonicalBytes(spec));
  EXPECT_EQ(spec.SpaceUsedLong(), before);
}

}  // namespace
}  // namespace podwright::kinds
