// The toy provider's own binary, with a client in the place of core, for what a real one would never send.
#include "provider/sdk/testing/plugin_process.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "provider/sdk/testing/toy_file.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk::testing {
namespace {

constexpr std::size_t kLarge = 64U << 20U;

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
