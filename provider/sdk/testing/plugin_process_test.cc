// The toy provider's own binary, with a client in the place of core, for what a real one would never send
// or say.
#include "provider/sdk/testing/plugin_process.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "provider/sdk/testing/toy_file.h"
#include "provider/sdk/testing/toy_provider.h"
#include "provider/sdk/value/msgpack.h"
#include "tfplugin/grpc_stdio.grpc.pb.h"

namespace podwright::sdk::testing {
namespace {

constexpr std::size_t kLarge = 64U << 20U;

class Handshake : public ::testing::Test {
 protected:
  ~Handshake() override { std::filesystem::remove_all(folder_); }

  static std::filesystem::path MakeFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pluginXXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  std::string Said() const {
    std::stringstream text;
    text << std::ifstream(environment_.stderr_file).rdbuf();
    return text.str();
  }
  // It ends with code 1 and without a handshake, and says why.
  void ExpectRefused(const std::string& why) {
    std::filesystem::remove(environment_.stderr_file);
    const auto end = RunPlugin(TOY_PROVIDER, environment_);
    ASSERT_TRUE(end.ok()) << end.error().ToString();
    EXPECT_EQ(end->exit_code, 1);
    EXPECT_EQ(end->output, "");
    EXPECT_NE(Said().find(why), std::string::npos) << Said();
  }

  const std::filesystem::path folder_ = MakeFolder();
  PluginEnvironment environment_{.more = {"TMPDIR=" + folder_.string()}, .stderr_file = folder_ / "stderr"};
};

TEST_F(Handshake, WrongCookieIsARunByHand) {
  const std::string right = environment_.cookie;
  for (const std::string& wrong : {std::string(), std::string("x"), right.substr(1), right + "0", " " + right}) {
    environment_.cookie = wrong;
    ExpectRefused("is a plugin of OpenTofu and Terraform");
  }
}

TEST_F(Handshake, HostOfOtherVersionsIsToldWhichItNeeds) {
  for (const char* versions : {"5", "7,8", "4,5,16", "garbage", "6x,,", "-6", "99999999999999999999"}) {
    environment_.versions = versions;
    ExpectRefused(std::string("does not speak plugin protocol 6, only \"") + versions + "\"");
  }
}

TEST_F(Handshake, HostOfManyVersionsOrOfNoneSaidIsServed) {
  for (const char* versions : {"6", "4,6,7", "garbage,6", ""}) {
    environment_.versions = versions;
    const auto process = PluginProcess::Start(TOY_PROVIDER, environment_);
    EXPECT_TRUE(process.ok()) << versions << ": " << process.error().ToString();
  }
}

TEST_F(Handshake, AuthorsPrintsGoToTheLogNotIntoTheHandshake) {
  environment_.more.emplace_back("TOY_PRINTS=1");
  const auto process = PluginProcess::Start(TOY_PROVIDER, environment_);
  ASSERT_TRUE(process.ok()) << process.error().ToString();
  for (const char* early : {"printed to stdout before main", "printed to stderr before main",
                            "printed to stdout before the handshake", "printed to stderr before the handshake"}) {
    EXPECT_NE(Said().find(early), std::string::npos) << early << "\n" << Said();
  }
}

TEST_F(Handshake, AuthorsLaterPrintsComeThroughTheHostsStream) {
  environment_.more.emplace_back("TOY_PRINTS=1");
  auto process = PluginProcess::Start(TOY_PROVIDER, environment_);
  ASSERT_TRUE(process.ok()) << process.error().ToString();
  const auto configure = [&] {
    tfplugin6::ConfigureProvider::Request request;
    request.mutable_config()->set_json(R"({"folder":"/","retry":null})");
    tfplugin6::ConfigureProvider::Response response;
    grpc::ClientContext context;
    ASSERT_TRUE((*process)->stub().ConfigureProvider(&context, request, &response).ok());
    EXPECT_EQ(response.diagnostics_size(), 0) << response.DebugString();
  };
  configure();  // before the host asks for what was printed, which it must not lose
  const auto stdio = ::plugin::GRPCStdio::NewStub((*process)->channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto stream = stdio->StreamStdio(&context, {});
  const std::string line = "printed to stdout after the handshake\n";
  for (std::string printed; printed != line + line;) {
    if (printed == line) configure();
    ::plugin::StdioData data;
    ASSERT_TRUE(stream->Read(&data)) << printed;
    EXPECT_EQ(data.channel(), ::plugin::StdioData::STDOUT);
    printed += data.data();
    ASSERT_EQ((line + line).rfind(printed, 0), 0U) << printed;
  }
  EXPECT_NE(Said().find("printed to stderr after the handshake"), std::string::npos);
  EXPECT_EQ(Said().find("printed to stdout after the handshake"), std::string::npos);
  context.TryCancel();
}

class ClientPlayingCoreOverTheSocket : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = PluginProcess::Start(TOY_PROVIDER);
    ASSERT_TRUE(started.ok()) << started.error().ToString();
    process_ = std::move(started).value();
  }

  // A plan of these msgpack bytes.
  tfplugin6::PlanResourceChange::Response Plan(const std::string& bytes, const std::string& proposed) {
    tfplugin6::PlanResourceChange::Request request;
    request.set_type_name("toy_file");
    request.mutable_config()->set_msgpack(bytes);
    request.mutable_proposed_new_state()->set_msgpack(proposed);
    grpc::ClientContext context;
    tfplugin6::PlanResourceChange::Response response;
    const grpc::Status status = process_->stub().PlanResourceChange(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(process_->running());
    return response;
  }

  const Type type_ = ToyFile(std::make_shared<ToyFolder>()).GetSchema().ImpliedType();
  std::unique_ptr<PluginProcess> process_;
};

TEST_F(ClientPlayingCoreOverTheSocket, UnknownProviderConfigurationPutsAPlanOff) {
  tfplugin6::ConfigureProvider::Request configure;
  const Type type = ToyProvider().ProviderSchema().ImpliedType();
  const Value config = Value::Object({{"folder", Value::Unknown()}, {"retry", Value::Null()}});
  configure.mutable_config()->set_msgpack(EncodeMsgpack(config, type).value());
  configure.mutable_client_capabilities()->set_deferral_allowed(true);
  tfplugin6::ConfigureProvider::Response configured;
  grpc::ClientContext context;
  ASSERT_TRUE(process_->stub().ConfigureProvider(&context, configure, &configured).ok());
  EXPECT_EQ(configured.diagnostics_size(), 0);
  const std::string bytes = EncodeMsgpack(Value::Object({{"name", Value::String("a")}}), type_).value();
  const auto response = Plan(bytes, bytes);
  EXPECT_EQ(response.diagnostics_size(), 0);
  EXPECT_EQ(response.deferred().reason(), tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN);
}

TEST_F(ClientPlayingCoreOverTheSocket, MessageOfSixtyFourMebibytesIsPlanned) {
  const Value config =
      Value::Object({{"name", Value::String("a")}, {"content", Value::String(std::string(kLarge, 'x'))}});
  const std::string bytes = EncodeMsgpack(config, type_).value();
  const auto response = Plan(bytes, bytes);
  EXPECT_EQ(response.diagnostics_size(), 0);
  EXPECT_GT(response.planned_state().msgpack().size(), kLarge);
}

TEST_F(ClientPlayingCoreOverTheSocket, SixtyFourMebibytesOfHostileBytesAreADiagnostic) {
  for (const char byte : {'\x91', '\xdd'}) {
    const auto response = Plan(std::string(kLarge, byte), "");
    ASSERT_EQ(response.diagnostics_size(), 1) << static_cast<int>(byte);
    EXPECT_EQ(response.diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
  }
}

}  // namespace
}  // namespace podwright::sdk::testing
