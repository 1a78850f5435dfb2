#include "core/enrolment_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/digest.h"

namespace podwright {
namespace {

EnrolmentToken Sample(const std::string& address = "10.0.0.1:7442") {
  EnrolmentToken token;
  token.address = address;
  token.ca_fingerprint = std::string(64, 'a');
  token.server = "web-1";
  token.secret = crypto::SecretString("the secret");
  return token;
}

TEST(EnrolmentToken, SurvivesItsText) {
  const std::string text(Sample().ToText().Reveal());
  EXPECT_TRUE(text.starts_with("pwe_"));
  const auto token = EnrolmentToken::Parse(text + "\n");
  ASSERT_TRUE(token.ok()) << token.error().ToString();
  EXPECT_EQ(token->address, "10.0.0.1:7442");
  EXPECT_EQ(token->ca_fingerprint, std::string(64, 'a'));
  EXPECT_EQ(token->server, "web-1");
  EXPECT_EQ(token->secret.Reveal(), "the secret");
}

TEST(EnrolmentToken, AddressesMayBeNamesOrIpv6) {
  for (const char* address : {"pw.example.org:1", "[fd00::1]:7442"}) {
    EXPECT_TRUE(EnrolmentToken::Parse(Sample(address).ToText().Reveal()).ok()) << address;
  }
  for (const char* address : {"", "host", "host:", ":1", "host:0", "host:99999", "host:7x"}) {
    EXPECT_FALSE(EnrolmentToken::Parse(Sample(address).ToText().Reveal()).ok()) << address;
  }
}

TEST(EnrolmentToken, WhatIsNoTokenIsAnErrorThatDoesNotRepeatIt) {
  const std::string good(Sample().ToText().Reveal());
  const auto encoded = [](const std::string& json) { return "pwe_" + Base64UrlEncode(json); };
  const std::vector<std::string> texts = {std::string(),
                                          std::string("pwe_"),
                                          std::string("hunter2"),
                                          "pwx_" + good.substr(4),
                                          good.substr(0, 60),
                                          "pwe_!!!!",
                                          encoded("hunter2"),
                                          encoded("[]"),
                                          encoded("{}"),
                                          encoded(R"({"v":2})"),
                                          encoded(R"({"v":"1"})"),
                                          encoded(R"({"v":1,"address":"a:1","ca":"zz","server":"s","secret":"x"})"),
                                          encoded(R"({"v":1,"address":5,"ca":"zz","server":"s","secret":"x"})"),
                                          "pwe_" + std::string(5000, 'A')};
  for (const std::string& text : texts) {
    const auto token = EnrolmentToken::Parse(text);
    ASSERT_FALSE(token.ok()) << text;
    EXPECT_EQ(token.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(token.error().ToString(), testing::Not(testing::HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace podwright
