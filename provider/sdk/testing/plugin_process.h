// PluginProcess: a provider's binary, started and spoken to as core does it (plaintext), for tests and benchmarks.
//
// Of one thread. The process ends with the object.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/result.h"
#include "tfplugin/tfplugin6.grpc.pb.h"

namespace podwright::sdk::testing {

class PluginProcess {
 public:
  // Starts it and waits for the handshake, for at most ten seconds.
  static Result<std::unique_ptr<PluginProcess>> Start(const std::string& binary);
  ~PluginProcess();
  PluginProcess(const PluginProcess&) = delete;
  PluginProcess& operator=(const PluginProcess&) = delete;

  // From the start to the handshake's line.
  std::chrono::nanoseconds handshake() const { return handshake_; }
  tfplugin6::Provider::Stub& stub() { return *stub_; }
  // What it has in memory now, in bytes; 0 where that cannot be read.
  std::int64_t ResidentBytes() const;
  bool running() const;

 private:
  PluginProcess() = default;

  pid_t pid_ = -1;
  int output_ = -1;
  std::chrono::nanoseconds handshake_{0};
  std::unique_ptr<tfplugin6::Provider::Stub> stub_;
};

}  // namespace podwright::sdk::testing
