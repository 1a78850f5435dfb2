// Parts, key pairs, certificates and their renewal, sealed values, pinned versions, fan-out, and who uses what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/crypto/certificate.h"
#include "core/sealed_value.h"
#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using v1::kinds::SecretSpec;

class Secrets : public ::testing::Test {
 protected:
  Secrets() {
    agent = &world.AddAgent("web-1");
    // Its Hello is a fact, too, and a bound plan holds for the facts that it saw.
    world.Settle();
  }
  v1::ApplyRequest Request(const SecretSpec& spec, const std::string& key = "", std::int64_t version = 0) {
    auto request = world.Request();
    World::Put(&request, "secret", "tls", spec);
    v1::kinds::ServerSpec server;
    auto& file = (*server.mutable_secrets())["/etc/tls"];
    file.set_secret("tls");
    if (!key.empty()) file.set_key(key);
    if (version > 0) file.set_version(version);
    World::Put(&request, "server", "web-1", server);
    return request;
  }
  static SecretSpec CertificateSpec(std::chrono::hours life = std::chrono::hours(30 * 24)) {
    SecretSpec spec;
    auto& certificate = *spec.mutable_generator()->mutable_certificate();
    certificate.set_common_name("shop");
    certificate.add_names("shop.example.org");
    certificate.add_addresses("10.0.0.1");
    certificate.set_duration(std::chrono::milliseconds(life).count());
    return spec;
  }
  v1::RevealedSecret Reveal(std::int64_t version = 0) {
    v1::RevealSecretRequest reveal;
    reveal.set_name("tls");
    reveal.set_version(version);
    return world.control().RevealSecret(world.admin, reveal).value();
  }
  v1::WhoUsesSecretResponse WhoUses() {
    v1::WhoUsesSecretRequest request;
    request.set_name("tls");
    return world.control().WhoUsesSecret(world.admin, request).value();
  }
  std::int64_t Delivered() { return agent->secrets.at("/etc/tls").second; }

  World world;
  MemoryAgent* agent = nullptr;
};

TEST_F(Secrets, ACertificateComesInPartsOfWhichEachGoesWhereItIsWanted) {
  EXPECT_EQ(world.ApplyAndFinish(Request(CertificateSpec(), "certificate")).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_THAT(agent->delivered(), ElementsAre("tls/1/certificate"));
  const v1::RevealedSecret revealed = Reveal();
  EXPECT_TRUE(revealed.value().empty());
  const auto chain = crypto::Certificate::ChainFromPem(revealed.parts().at("certificate"));
  const auto roots = crypto::Certificate::ChainFromPem(revealed.parts().at("ca"));
  ASSERT_TRUE(chain.ok() && roots.ok());
  EXPECT_EQ((*chain)[0].Names().dns, std::vector<std::string>{"shop.example.org"});
  EXPECT_EQ((*chain)[0].Names().ips, std::vector<std::string>{"10.0.0.1"});
  for (const auto purpose : {crypto::Purpose::kServer, crypto::Purpose::kClient}) {
    EXPECT_TRUE(crypto::VerifyChain(*chain, *roots, purpose, world.clock.Now()).ok());
  }
  const auto key = crypto::PrivateKey::FromPem(revealed.parts().at("private_key"));
  EXPECT_TRUE(key->Public()->Equals((*chain)[0].Key().value()));
}

TEST_F(Secrets, ADryRunOfACertificateHasTheDigestOfItsApply) {
  auto request = Request(CertificateSpec(), "certificate");
  request.set_dry_run(true);
  const auto preview = world.Apply(request);
  ASSERT_TRUE(preview.ok());
  request.set_dry_run(false);
  request.set_plan_digest(preview->plan().digest());
  const v1::Run run = world.ApplyAndFinish(request);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
}

TEST_F(Secrets, ACertificateIsMadeAnewAtTwoThirdsOfItsLifeAndDelivered) {
  world.ApplyAndFinish(Request(CertificateSpec(std::chrono::hours(3)), "certificate"));
  world.Advance(std::chrono::minutes(115));
  EXPECT_EQ(Delivered(), 1);
  world.Advance(std::chrono::minutes(10));
  EXPECT_EQ(Delivered(), 2);
  EXPECT_EQ(Reveal(1).parts().at("ca"), Reveal(2).parts().at("ca"));
}

TEST_F(Secrets, AChangedCertificateIsANewVersionAndTheSameOneIsNot) {
  world.ApplyAndFinish(Request(CertificateSpec(), "certificate"));
  world.ApplyAndFinish(Request(CertificateSpec(), "certificate"));
  EXPECT_EQ(Delivered(), 1);
  SecretSpec other = CertificateSpec();
  other.mutable_generator()->mutable_certificate()->add_names("www.example.org");
  world.ApplyAndFinish(Request(other, "certificate"));
  EXPECT_EQ(Delivered(), 2);
}

TEST_F(Secrets, PartsAreSetTogetherAndByTheirNames) {
  SecretSpec spec;
  spec.add_parts("user");
  spec.add_parts("password");
  ASSERT_TRUE(world.Apply(Request(spec, "password")).ok());
  v1::SetSecretRequest set;
  set.set_name("tls");
  set.set_value("plain");
  EXPECT_EQ(world.control().SetSecret(world.admin, set).error().code(), ErrorCode::kInvalidArgument);
  set.clear_value();
  (*set.mutable_parts())["user"] = "app";
  EXPECT_THAT(world.control().SetSecret(world.admin, set).error().message(), HasSubstr("\"password\" is missing"));
  (*set.mutable_parts())["password"] = "x";
  ASSERT_TRUE(world.control().SetSecret(world.admin, set).ok());
  world.Advance(std::chrono::minutes(2));
  EXPECT_THAT(agent->delivered(), Contains("tls/1/password"));
  EXPECT_EQ(Reveal().parts().at("user"), "app");
}

TEST_F(Secrets, AWrittenValueWithPartsIsAJsonObject) {
  SecretSpec spec;
  spec.add_parts("user");
  spec.set_value("no object");
  EXPECT_FALSE(world.Apply(Request(spec, "user")).ok());
  spec.set_value(R"({"user": "app"})");
  EXPECT_EQ(world.ApplyAndFinish(Request(spec, "user")).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Reveal().parts().at("user"), "app");
}

TEST_F(Secrets, ASealedValueOpensHereForItsOwnNameOnly) {
  const auto key = ParseSealingKey(world.control().GetSealingKey(world.admin, {})->key());
  ASSERT_TRUE(key.ok());
  SecretSpec spec;
  spec.set_sealed(*SealValue(*key, "other", "correct horse"));
  const auto refused = world.Apply(Request(spec));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("podwright secret seal tls"));
  spec.set_sealed(*SealValue(*key, "tls", "correct horse"));
  EXPECT_EQ(world.ApplyAndFinish(Request(spec)).state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(Reveal().value(), "correct horse");
  world.ApplyAndFinish(Request(spec));
  EXPECT_EQ(Delivered(), 1);
  spec.set_sealed(*SealValue(*key, "tls", "battery staple"));
  world.ApplyAndFinish(Request(spec));
  EXPECT_EQ(Delivered(), 2);
}

TEST_F(Secrets, ARotationIsOneRunOverEveryConsumer) {
  MemoryAgent& other = world.AddAgent("web-2");
  SecretSpec spec;
  spec.mutable_generator()->set_length(20);
  auto request = Request(spec);
  v1::kinds::ServerSpec server;
  (*server.mutable_secrets())["/etc/tls"].set_secret("tls");
  World::Put(&request, "server", "web-2", server);
  world.ApplyAndFinish(request);
  v1::RotateSecretRequest rotate;
  rotate.set_name("tls");
  const auto version = world.control().RotateSecret(world.admin, rotate);
  ASSERT_TRUE(version.ok());
  ASSERT_FALSE(version->run().empty());
  const v1::Run run = world.Finish(version->run());
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ(run.parts_size(), 2);
  EXPECT_EQ(Delivered(), 2);
  EXPECT_EQ(other.secrets.at("/etc/tls").second, 2);
}

TEST_F(Secrets, APinnedConsumerKeepsItsVersionWhileItIsRotated) {
  SecretSpec spec;
  spec.mutable_generator()->set_length(20);
  world.ApplyAndFinish(Request(spec, "", 1));
  v1::RotateSecretRequest rotate;
  rotate.set_name("tls");
  for (int i = 0; i < 120; ++i) {
    const auto version = world.control().RotateSecret(world.admin, rotate);
    ASSERT_TRUE(version.ok());
    EXPECT_TRUE(version->run().empty());
  }
  EXPECT_EQ(Delivered(), 1);
  EXPECT_FALSE(Reveal(1).value().empty());
  const auto uses = WhoUses();
  ASSERT_EQ(uses.consumers_size(), 1);
  EXPECT_TRUE(uses.consumers(0).pinned());
  EXPECT_FALSE(uses.consumers(0).pending());
  EXPECT_THAT(uses.consumers(0).has(), ElementsAre(1));
  EXPECT_EQ(uses.version(), 121);
}

TEST_F(Secrets, WhoUsesTellsWhatEveryServerHasAndWhatIsStillToCome) {
  SecretSpec spec;
  spec.mutable_generator()->set_length(20);
  world.ApplyAndFinish(Request(spec));
  world.link.Disconnect("web-1");
  world.Settle();
  v1::RotateSecretRequest rotate;
  rotate.set_name("tls");
  ASSERT_TRUE(world.control().RotateSecret(world.admin, rotate).ok());
  const auto uses = WhoUses();
  ASSERT_EQ(uses.consumers_size(), 1);
  EXPECT_EQ(uses.consumers(0).object().name(), "web-1");
  EXPECT_EQ(uses.consumers(0).server(), "web-1");
  EXPECT_THAT(uses.consumers(0).wants(), ElementsAre(2));
  EXPECT_THAT(uses.consumers(0).has(), ElementsAre(1));
  EXPECT_TRUE(uses.consumers(0).pending());
  EXPECT_EQ(uses.versions_size(), 2);
}

}  // namespace
}  // namespace podwright::control::testing
