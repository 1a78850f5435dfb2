// PluginProcess: a provider's binary, started and spoken to as core does it (plaintext), for tests and benchmarks.
//
// Of one thread. The process ends with the object.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "tfplugin/tfplugin6.grpc.pb.h"

namespace podwright::sdk::testing {

struct PluginEnvironment {
  std::string cookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
  std::string versions = "5,6";
  std::vector<std::string> more{};        // NAME=VALUE
  std::string stderr_file = "/dev/null";  // what it says there is appended to it
};

struct PluginEnd {
  int exit_code = -1;  // -1: a signal
  std::string output{};
};
// Runs a provider that is to end by itself. Of its stdout at most one line is read.
Result<PluginEnd> RunPlugin(const std::string& binary, const PluginEnvironment& environment);

class PluginProcess {
 public:
  // Starts it and waits for the handshake, for at most ten seconds.
  static Result<std::unique_ptr<PluginProcess>> Start(const std::string& binary,
                                                      const PluginEnvironment& environment = {});
  ~PluginProcess();
  PluginProcess(const PluginProcess&) = delete;
  PluginProcess& operator=(const PluginProcess&) = delete;

  // From the start to the handshake's line.
  std::chrono::nanoseconds handshake() const { return handshake_; }
  tfplugin6::Provider::Stub& stub() { return *stub_; }
  // For go-plugin's own services.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  // What it has in memory now, in bytes; 0 where that cannot be read.
  std::int64_t ResidentBytes() const;
  bool running() const;

 private:
  PluginProcess() = default;

  pid_t pid_ = -1;
  int output_ = -1;
  std::chrono::nanoseconds handshake_{0};
  std::shared_ptr<grpc::Channel> channel_;  // shared with the stubs
  std::unique_ptr<tfplugin6::Provider::Stub> stub_;
};

}  // namespace podwright::sdk::testing
