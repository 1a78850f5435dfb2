// One question to a program on this server, over its Unix socket. Threading: any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::host {

class LocalSockets {
 public:
  virtual ~LocalSockets() = default;
  // Connects, sends `request`, and reads until the other side closes; at most 64 KiB, within `limit`.
  // Unavailable: nobody listens there.
  virtual Result<std::string> Ask(const std::string& path, std::string_view request,
                                  std::chrono::milliseconds limit) = 0;
};

class RealLocalSockets final : public LocalSockets {
 public:
  Result<std::string> Ask(const std::string& path, std::string_view request, std::chrono::milliseconds limit) override;
};

}  // namespace podwright::host
