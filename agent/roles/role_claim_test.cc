#include "agent/roles/role_claim.h"

#include <gtest/gtest.h>

namespace podwright::roles {
namespace {

const std::string kHeading = "podwright-roles 1\n";

TEST(RoleClaims, WhatIsSaidIsUnderstood) {
  const std::vector<RoleClaim> claims{{"database", "orders", Role::kPrimary, 3, ""},
                                      {"cache", "sessions", Role::kWitness, 7, "10.0.0.5:6379"},
                                      {"cache", "sessions", Role::kReplica, 0, "[fd00::5]:6379"}};
  const auto read = ParseClaims(FormatClaims(claims));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(*read, claims);
}

TEST(RoleClaims, NothingToTellIsAnAnswer) {
  const auto read = ParseClaims(FormatClaims({}));
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->empty());
}

TEST(RoleClaims, ANameThatWouldMakeALineOfItsOwnIsLeftOut) {
  EXPECT_EQ(FormatClaims({{"database", "a primary 9 -\ndatabase b", Role::kReplica, 1, ""}}), kHeading);
  EXPECT_EQ(FormatClaims({{"database", "a", Role::kReplica, 1, std::string(600, 'x')}}), kHeading);
}

TEST(RoleClaims, WhatBreaksTheFormIsNotBelieved) {
  for (const std::string& text :
       {std::string(), std::string("HTTP/1.1 400\r\n"), kHeading + "database orders primary 3\n",
        kHeading + "database orders boss 3 -\n", kHeading + "database orders primary -3 -\n",
        kHeading + "database orders primary 3x -\n", kHeading + "database orders primary 3 - more\n",
        kHeading + "database  primary 3 -\n", kHeading + "\n",
        kHeading + "database orders primary 99999999999999999999999 -\n",
        kHeading + "database orders primary 3 " + std::string(600, 'x') + "\n"}) {
    EXPECT_FALSE(ParseClaims(text).ok()) << text;
  }
}

TEST(RoleClaims, AnAnswerWithoutEndIsCutOff) {
  std::string text = kHeading;
  for (std::size_t i = 0; i <= kMaxClaims; ++i) text += "cache c replica 1 -\n";
  EXPECT_FALSE(ParseClaims(text).ok());
  EXPECT_FALSE(ParseClaims(kHeading + std::string(kMaxClaimBytes, 'x')).ok());
}

}  // namespace
}  // namespace podwright::roles
