#include "agent/session/identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/crypto/certificate.h"
#include "core/crypto/keys.h"

namespace podwright::agent {
namespace {

class IdentityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-identity-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(IdentityTest, IsKeptWholeAndForItsOwnerAlone) {
  auto identity = NewIdentity("web-1", "10.0.0.1:7442");
  ASSERT_TRUE(identity.ok());
  EXPECT_FALSE((*LoadIdentity(folder_)).has_value());
  identity->set_agent_id("agent-1");
  ASSERT_TRUE(SaveIdentity(folder_, *identity).ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder_ + "/identity").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto loaded = LoadIdentity(folder_);
  ASSERT_TRUE(loaded.ok() && loaded->has_value());
  EXPECT_EQ((*loaded)->SerializeAsString(), identity->SerializeAsString());
}

TEST_F(IdentityTest, DamagedOrReadableFileIsRefused) {
  std::ofstream(folder_ + "/identity") << "not an identity";
  std::filesystem::permissions(folder_ + "/identity", std::filesystem::perms(0644));
  EXPECT_EQ(LoadIdentity(folder_).error().code(), ErrorCode::kPermissionDenied);
  std::filesystem::permissions(folder_ + "/identity", std::filesystem::perms(0600));
  EXPECT_EQ(LoadIdentity(folder_).error().code(), ErrorCode::kDataLoss);
}

TEST_F(IdentityTest, RenewalIsSignedByTheKeyOfTheRequest) {
  const auto identity = NewIdentity("web-1", "10.0.0.1:7442");
  ASSERT_TRUE(identity.ok());
  const auto request = RequestFor(*identity);
  ASSERT_TRUE(request.ok());
  const auto parsed = crypto::ParseRequest(*request);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->common_name, "web-1");
  const auto signature = SignRenewal(*identity, "nonce", *request);
  ASSERT_TRUE(signature.ok());
  std::string text = "podwright-renew";
  text.push_back('\0');
  EXPECT_TRUE(parsed->key.Verify(text + "nonce" + *request, *signature).ok());
  EXPECT_FALSE(parsed->key.Verify(text + "another" + *request, *signature).ok());
}

TEST_F(IdentityTest, AnAnswerWithoutATrustedCertificateForOurKeyIsRefused) {
  auto identity = *NewIdentity("web-1", "10.0.0.1:7442");
  v1::EnrolResponse response;
  EXPECT_FALSE(TakeCertificate(response, 1, identity).ok());
  response.add_chain_pem("no certificate");
  response.add_roots_pem("no certificate");
  EXPECT_FALSE(TakeCertificate(response, 1, identity).ok());
  EXPECT_TRUE(identity.agent_id().empty());
}

TEST_F(IdentityTest, ATokenFileIsReadOnlyWhenNobodyElseCanAndIsGoneAfter) {
  const std::string path = folder_ + "/token";
  std::ofstream(path) << "pwe_x\n";
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_FALSE(ReadPrivateFile(path).ok());
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_EQ(*ReadPrivateFile(path), "pwe_x\n");
  EXPECT_TRUE(ShredFile(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(ShredFile(path).ok());
}

}  // namespace
}  // namespace podwright::agent
