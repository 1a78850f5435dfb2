// Further apt sources on a server in memory.
#include <algorithm>

#include "agent/drivers/server/server_driver_fixture.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test

constexpr char kKey[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n";
constexpr char kKeyPath[] = "/etc/apt/keyrings/podwright-extra.asc";
constexpr char kSourcePath[] = "/etc/apt/sources.list.d/podwright-extra.sources";

class AptSourcesTest : public ServerDriverTest {
 protected:
  AptSourcesTest() {
    host_.program = [this](const ProcessRequest& request) -> Result<ProcessResult> {
      updates_.push_back(request.argv);
      ProcessResult result;
      result.exit_code = update_error_.empty() ? 0 : 100;
      result.err = update_error_;
      return result;
    };
  }
  AptSourceAction Declare(const std::string& uri) {
    ServerAptSource& source = (*spec_.mutable_apt_sources())["extra"];
    source.set_uri(uri);
    source.set_suite("./");
    source.set_key(kKey);
    AptSourceAction action;
    action.set_name("extra");
    *action.mutable_source() = source;
    return action;
  }
  std::string update_error_;
  std::vector<std::vector<std::string>> updates_;
};

TEST_F(AptSourcesTest, ASourceBringsItsKeyAndOnlyItIsRead) {
  ASSERT_TRUE(Run("server.apt_source.set", Declare("http://a.example")).ok());
  EXPECT_EQ(host_.files.at(kKeyPath).content, kKey);
  EXPECT_NE(host_.files.at(kSourcePath).content.find("http://a.example"), std::string::npos);
  ASSERT_EQ(updates_.size(), 1U);
  const auto& argv = updates_[0];
  EXPECT_NE(std::find(argv.begin(), argv.end(), std::string("Dir::Etc::sourcelist=") + kSourcePath), argv.end());
  EXPECT_NE(std::find(argv.begin(), argv.end(), "Dir::Etc::sourceparts=-"), argv.end());
  EXPECT_TRUE(Managed("apt_source:extra"));
  EXPECT_TRUE(Drift().empty());
}

TEST_F(AptSourcesTest, ASourceThatDoesNotAnswerIsTakenBackWithAptsWords) {
  update_error_ = "E: Failed to fetch http://a.example/InRelease  Could not connect to a.example:80";
  const auto done = Run("server.apt_source.set", Declare("http://a.example"));
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message().find("Could not connect to a.example:80"), std::string::npos);
  EXPECT_NE(done.error().message().find("taken back"), std::string::npos);
  EXPECT_FALSE(host_.files.contains(kKeyPath));
  EXPECT_FALSE(host_.files.contains(kSourcePath));
  EXPECT_FALSE(Managed("apt_source:extra"));
}

TEST_F(AptSourcesTest, AWrongKeyIsNoMatterOfTryingAgain) {
  update_error_ = "E: The repository 'http://a.example ./ InRelease' is not signed. NO_PUBKEY 1234";
  const auto done = Run("server.apt_source.set", Declare("http://a.example"));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_NE(done.error().message().find("not signed by its `key`"), std::string::npos);
}

TEST_F(AptSourcesTest, AChangeThatDoesNotWorkLeavesTheSourceAsItWas) {
  ASSERT_TRUE(Run("server.apt_source.set", Declare("http://a.example")).ok());
  update_error_ = "E: Failed to fetch";
  const auto change = Declare("http://b.example");
  EXPECT_FALSE(Run("server.apt_source.set", change).ok());
  EXPECT_NE(host_.files.at(kSourcePath).content.find("http://a.example"), std::string::npos);
  EXPECT_TRUE(Managed("apt_source:extra"));
}

TEST_F(AptSourcesTest, ATriedSourceThatBrokeOffIsNotWhatIsGoneBackTo) {
  const auto action = Dispatch("server.apt_source.set", Declare("http://b.example"));
  update_error_ = "E: Failed to fetch";
  // A try that ended with the power left its files.
  host_.files[kKeyPath].content = kKey;
  host_.files[kSourcePath].content = "# Written by Podwright: the apt source extra; changes are put back.\n";
  EXPECT_FALSE(Run(action).ok());
  EXPECT_FALSE(host_.files.contains(kSourcePath));
  EXPECT_FALSE(host_.files.contains(kKeyPath));
}

TEST_F(AptSourcesTest, WhatIsLostOrChangedComesBack) {
  ASSERT_TRUE(Run("server.apt_source.set", Declare("http://a.example")).ok());
  host_.files.erase(kKeyPath);
  ASSERT_EQ(Drift().size(), 1U);
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files.at(kKeyPath).content, kKey);
  host_.files.at(kSourcePath).content += "Trusted: yes\n";
  ASSERT_EQ(RepairAll().size(), 1U);
  EXPECT_EQ(host_.files.at(kSourcePath).content.find("Trusted"), std::string::npos);
  host_.files.at(kKeyPath).attributes.mode = 0600;
  EXPECT_EQ(RepairAll().size(), 1U);
  EXPECT_TRUE(Drift().empty());
}

TEST_F(AptSourcesTest, SomebodyElsesFileOfThatNameIsLeft) {
  host_.files[kSourcePath].content = "Types: deb\n";
  const auto done = Run("server.apt_source.set", Declare("http://a.example"));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(host_.files.at(kSourcePath).content, "Types: deb\n");
  EXPECT_TRUE(Observed().apt_sources().at("extra").foreign());
}

TEST_F(AptSourcesTest, RemovalTakesTheSourceAndItsKey) {
  const auto action = Declare("http://a.example");
  ASSERT_TRUE(Run("server.apt_source.set", action).ok());
  spec_.clear_apt_sources();
  ASSERT_TRUE(Run("server.apt_source.remove", action).ok());
  EXPECT_FALSE(host_.files.contains(kKeyPath));
  EXPECT_FALSE(host_.files.contains(kSourcePath));
  EXPECT_EQ(state_.managed_size(), 0);
}

}  // namespace
}  // namespace podwright::drivers
