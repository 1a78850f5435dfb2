// Kernel parameters as the kernel holds them, by dotted name. Threading: any thread.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"

namespace podwright::host {

class Sysctls {
 public:
  virtual ~Sysctls() = default;
  // Nothing where the kernel has no such parameter. Tabs become single spaces.
  virtual Result<std::optional<std::string>> Get(const std::string& name) = 0;
  virtual Status Set(const std::string& name, const std::string& value) = 0;
};

}  // namespace podwright::host
