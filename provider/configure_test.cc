// Configure, and what the client does about a control plane that is away: real sockets, no control plane.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provider/podwright_provider.h"
#include "provider/testing/fake_backend.h"

namespace podwright::provider {
namespace {

using sdk::Value;
using ::testing::HasSubstr;

class ConfigureTest : public ::testing::Test {
 protected:
  sdk::ConfigureResponse Configure(const Value& config) {
    sdk::ConfigureRequest request;
    request.config = config;
    request.terraform_version = "1.12.3";
    sdk::ConfigureResponse response;
    provider_.Configure(request, response);
    return response;
  }
  static Value Config() {
    return Value::Object({{"stack", Value::String("shop")},
                          {"token", Value::String("t")},
                          {"ca", Value::String("-----BEGIN CERTIFICATE-----\n")},
                          {"retry_for", Value::String("3s")}});
  }

  std::optional<client::Context> context_;
  ConnectOptions options_;
  PodwrightProvider provider_{kinds::AllKinds(),
                              [this](const client::Context& context, const ConnectOptions& options) {
                                context_ = context;
                                options_ = options;
                                return Result<std::unique_ptr<Backend>>(std::make_unique<testing::FakeBackend>());
                              },
                              "0.9.1", [](const char*) { return std::optional<std::string>(); }};
};

TEST_F(ConfigureTest, TheUserAgentNamesBothVersions) {
  EXPECT_TRUE(Configure(Config()).diagnostics.empty());
  EXPECT_EQ(options_.user_agent, "terraform-provider-podwright/0.9.1 core/1.12.3");
  EXPECT_EQ(options_.retry_for, std::chrono::seconds(3));
}

TEST_F(ConfigureTest, AnUnknownSettingIsToleratedAndNothingIsConnected) {
  Value config = Config();
  config.SetField("token", Value::Unknown());
  const auto response = Configure(config);
  EXPECT_FALSE(response.diagnostics.HasError());
  ASSERT_EQ(response.diagnostics.items().size(), 1U);
  EXPECT_EQ(response.diagnostics.items()[0].summary, "The plan is not checked with the control plane");
  EXPECT_THAT(response.diagnostics.items()[0].detail, HasSubstr("`token`"));
  EXPECT_FALSE(context_);
}

TEST_F(ConfigureTest, EveryKindHasAResourceAndTwoDataSources) {
  std::vector<std::string> resources;
  for (const auto& resource : provider_.Resources()) resources.push_back(resource->TypeName());
  EXPECT_THAT(resources, ::testing::IsSupersetOf({"podwright_secret", "podwright_server"}));
  std::vector<std::string> sources;
  for (const auto& source : provider_.DataSources()) sources.push_back(source->TypeName());
  EXPECT_THAT(sources, ::testing::IsSupersetOf(
                           {"podwright_secret", "podwright_secrets", "podwright_server", "podwright_servers"}));
}

TEST(ConnectBackend, WhereNobodyListensTheErrorNamesTheEndpointAndAnInterruptionEndsTheTries) {
  client::Context context;
  context.endpoint = "127.0.0.1:1";
  context.ca_fingerprint = std::string(64, 'a');
  ConnectOptions once;
  once.user_agent = "test";
  const auto away = ConnectBackend(context, once);
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.error().code(), ErrorCode::kUnavailable);
  sdk::CancellationSource source;
  source.Cancel();
  ConnectOptions interrupted = once;
  interrupted.retry_for = std::chrono::hours(1);
  interrupted.cancellation = source.token();
  const auto cancelled = ConnectBackend(context, interrupted);
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace podwright::provider
