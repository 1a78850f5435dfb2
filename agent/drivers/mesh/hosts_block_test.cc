#include "agent/drivers/mesh/hosts_block.h"

#include <gtest/gtest.h>

namespace podwright::drivers::mesh {
namespace {

v1::kinds::MeshNamesAction Names() {
  v1::kinds::MeshNamesAction names;
  (*names.mutable_names())["b.prod.internal"] = "10.90.0.2";
  (*names.mutable_names())["a.prod.internal"] = "10.90.0.1";
  return names;
}

constexpr char kTheirs[] = "127.0.0.1\tlocalhost\n# a note\n";

TEST(HostsBlock, IsPutAtTheEndAndTheRestStays) {
  const std::string block = HostsBlock("prod", Names());
  EXPECT_EQ(WithHostsBlock(kTheirs, "prod", block), kTheirs + block);
  EXPECT_EQ(WithHostsBlock("127.0.0.1 localhost", "prod", block), "127.0.0.1 localhost\n" + block);
  EXPECT_LT(block.find("a.prod.internal"), block.find("b.prod.internal"));
  EXPECT_EQ(FindHostsBlock(kTheirs + block, "prod"), block);
}

TEST(HostsBlock, ANameOfSeveralHasALineForEachAddress) {
  auto names = Names();
  (*names.mutable_services())["orders.prod.internal"].add_addresses("10.90.0.1");
  (*names.mutable_services())["orders.prod.internal"].add_addresses("10.90.0.2");
  EXPECT_NE(HostsBlock("prod", names).find("10.90.0.1\torders.prod.internal\n10.90.0.2\torders.prod.internal\n"),
            std::string::npos);
}

TEST(HostsBlock, IsReplacedWhereItStandsAndTakenOutWhole) {
  const std::string block = HostsBlock("prod", Names());
  auto more = Names();
  (*more.mutable_names())["c.prod.internal"] = "10.90.0.3";
  const std::string text = std::string(kTheirs) + block + "192.0.2.1 after\n";
  EXPECT_EQ(WithHostsBlock(text, "prod", HostsBlock("prod", more)),
            kTheirs + HostsBlock("prod", more) + "192.0.2.1 after\n");
  EXPECT_EQ(WithHostsBlock(text, "prod", ""), std::string(kTheirs) + "192.0.2.1 after\n");
  EXPECT_EQ(WithHostsBlock(kTheirs, "prod", ""), kTheirs);
}

TEST(HostsBlock, AnotherMeshsBlockIsNotOurs) {
  const std::string other = HostsBlock("prod-2", Names());
  EXPECT_EQ(FindHostsBlock(other, "prod"), "");
  EXPECT_EQ(WithHostsBlock(other, "prod", ""), other);
}

TEST(HostsBlock, WithoutItsLastMarkNobodyElsesLinesGo) {
  const std::string block = HostsBlock("prod", Names());
  const std::string torn = block.substr(0, block.find("# END")) + "192.0.2.1 theirs\n";
  EXPECT_NE(WithHostsBlock(torn, "prod", block).find("192.0.2.1 theirs\n"), std::string::npos);
  EXPECT_NE(WithHostsBlock(torn, "prod", "").find("192.0.2.1 theirs\n"), std::string::npos);
}

}  // namespace
}  // namespace podwright::drivers::mesh
