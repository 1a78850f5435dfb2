// The service as a client sees it: a channel in this process stands for core. For tests.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "provider/sdk/server/provider_service.h"
#include "provider/sdk/testing/toy_provider.h"

namespace podwright::sdk::server {

using Stub = tfplugin6::Provider::Stub;

class ClientPlayingCore : public ::testing::Test {
 protected:
  ClientPlayingCore() : service_(provider_) {
    const std::string socket = "unix:" + (folder_ / "socket").string();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = tfplugin6::Provider::NewStub(grpc::CreateChannel(socket, grpc::InsecureChannelCredentials()));
  }
  ~ClientPlayingCore() override { std::filesystem::remove_all(folder_); }

  static std::filesystem::path MakeFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sdkXXXXXX").string();
    return ::mkdtemp(pattern.data());
  }

  template <typename Request, typename Response>
  Response Call(grpc::Status (tfplugin6::Provider::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub_.get()->*rpc)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  template <typename Request, typename Response>
  void ExpectRefused(grpc::Status (tfplugin6::Provider::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*)) {
    const Response response = Call(rpc, Request());
    ASSERT_EQ(response.diagnostics_size(), 1);
    EXPECT_EQ(response.diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
    EXPECT_FALSE(response.diagnostics(0).summary().empty());
  }

  const std::filesystem::path folder_ = MakeFolder();
  testing::ToyProvider provider_;
  ProviderService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<tfplugin6::Provider::Stub> stub_;
};

}  // namespace podwright::sdk::server
