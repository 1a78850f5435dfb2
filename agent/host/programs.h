// How the real host runs the machine's own programs: plain language, no terminal, a deadline.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/process.h"

namespace podwright::host {

ProcessRequest Program(std::vector<std::string> argv, std::chrono::seconds limit = std::chrono::seconds(60));
// Success, or an error with the program's own last words.
Status RunProgram(std::vector<std::string> argv, std::chrono::seconds limit = std::chrono::seconds(60));

// The machine's programs, for drivers: requests are made with `Program`, so that all of them run alike. What ran and
// failed is a result; ProcessFailure makes an error of it. Threading: any thread.
class Programs {
 public:
  virtual ~Programs() = default;
  virtual Result<ProcessResult> Run(const ProcessRequest& request) = 0;
};

class RealPrograms final : public Programs {
 public:
  Result<ProcessResult> Run(const ProcessRequest& request) override { return RunProcess(request); }
};

}  // namespace podwright::host
