#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/host/real_wireguard.h"

namespace podwright::host {
namespace {

using ::testing::ElementsAre;

TEST(WgDump, TellsTheInterfaceAndEachPeer) {
  const auto device = ParseWgDump(
      "PRIVATE\tPUBLIC\t51820\toff\n"
      "ONE\t(none)\t192.0.2.1:51820\t10.90.0.2/32,fd00::2/128\t1700000000\t148\t92\t25\n"
      "TWO\t(none)\t(none)\t(none)\t0\t0\t0\toff\n");
  ASSERT_TRUE(device.ok()) << device.error().ToString();
  EXPECT_EQ(device->public_key, "PUBLIC");
  EXPECT_EQ(device->port, 51820);
  ASSERT_EQ(device->peers.size(), 2U);
  EXPECT_THAT(device->peers.at("ONE").allowed_ips, ElementsAre("10.90.0.2/32", "fd00::2/128"));
  EXPECT_EQ(device->peers.at("ONE").latest_handshake_unix, 1'700'000'000);
  EXPECT_TRUE(device->peers.at("TWO").allowed_ips.empty());
  EXPECT_EQ(device->peers.at("TWO").latest_handshake_unix, 0);
}

TEST(WgDump, WhatIsNotUnderstoodIsAnErrorThatShowsNothingOfIt) {
  for (const char* text : {"", "PRIVATE\tPUBLIC\n", "PRIVATE\tPUBLIC\t51820\toff\nONE\t(none)\n"}) {
    const auto device = ParseWgDump(text);
    ASSERT_FALSE(device.ok()) << text;
    EXPECT_EQ(device.error().message().find("PRIVATE"), std::string::npos);
  }
}

}  // namespace
}  // namespace podwright::host
