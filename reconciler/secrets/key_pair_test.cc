#include "reconciler/secrets/key_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/crypto/keys.h"
#include "core/digest.h"

namespace podwright::secrets {
namespace {

using ::testing::StartsWith;

std::string PartText(const Parts& parts, const std::string& name) {
  return std::string(parts.at(name).Reveal());
}

TEST(KeyPair, EveryAlgorithmHasThePartsThatAreForeseen) {
  for (const char* algorithm : {"ed25519", "ecdsa", "rsa", "x25519"}) {
    const auto parts = MakeKeyPair(algorithm, "web");
    ASSERT_TRUE(parts.ok()) << algorithm;
    EXPECT_EQ(NamesOf(*parts), KeyPairParts(algorithm)) << algorithm;
    EXPECT_THAT(PartText(*parts, "private_key"), StartsWith("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_THAT(PartText(*parts, "public_key"), StartsWith("-----BEGIN PUBLIC KEY-----\n"));
  }
  EXPECT_EQ(MakeKeyPair("dsa", "").error().code(), ErrorCode::kInvalidArgument);
}

TEST(KeyPair, ThePublicHalfBelongsToThePrivateOne) {
  const auto parts = MakeKeyPair("ed25519", "web");
  ASSERT_TRUE(parts.ok());
  const auto key = crypto::PrivateKey::FromPem(PartText(*parts, "private_key"));
  const auto open = crypto::PublicKey::FromPem(PartText(*parts, "public_key"));
  ASSERT_TRUE(key.ok() && open.ok());
  EXPECT_TRUE(key->Public()->Equals(*open));
}

TEST(KeyPair, TheFormsOfOpenSshHoldTheSameKey) {
  const auto parts = MakeKeyPair("ed25519", "web");
  ASSERT_TRUE(parts.ok());
  const std::string line = PartText(*parts, "ssh_public_key");
  EXPECT_THAT(line, StartsWith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
  EXPECT_TRUE(line.ends_with(" web\n"));
  const std::string blob = *Base64Decode(line.substr(12, line.find(' ', 12) - 12));
  const auto open = crypto::PublicKey::FromPem(PartText(*parts, "public_key"));
  EXPECT_EQ(blob.substr(blob.size() - 32), open->Raw().value());
  std::string body = PartText(*parts, "ssh_private_key");
  body = body.substr(body.find('\n') + 1);
  body = body.substr(0, body.find("-----END"));
  std::erase(body, '\n');
  const std::string key = *Base64Decode(body);
  EXPECT_THAT(key, StartsWith("openssh-key-v1"));
  EXPECT_NE(key.find(blob), std::string::npos);
  EXPECT_EQ((key.size() - key.find(blob) - blob.size() - 4) % 8, 0U);
}

TEST(KeyPair, TwoAreNeverTheSame) {
  EXPECT_NE(PartText(*MakeKeyPair("ed25519", ""), "private_key"), PartText(*MakeKeyPair("ed25519", ""), "private_key"));
}

}  // namespace
}  // namespace podwright::secrets
