#include "agent/host/programs.h"

#include <utility>

namespace podwright::host {

ProcessRequest Program(std::vector<std::string> argv, std::chrono::seconds limit) {
  ProcessRequest request;
  request.argv = std::move(argv);
  request.base_environment = BaseEnvironment::kEmpty;
  request.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                 {"LC_ALL", "C.UTF-8"},
                 {"HOME", "/root"},
                 {"DEBIAN_FRONTEND", "noninteractive"},
                 // Restarting other services after an install is a decision for a plan, not for a hook.
                 {"NEEDRESTART_MODE", "l"},
                 {"NEEDRESTART_SUSPEND", "1"},
                 {"SYSTEMD_PAGER", ""},
                 {"SYSTEMD_COLORS", "0"}};
  request.deadline = std::chrono::steady_clock::now() + limit;
  return request;
}

Status RunProgram(std::vector<std::string> argv, std::chrono::seconds limit) {
  const auto result = RunForOutput(Program(std::move(argv), limit));
  if (!result.ok()) return result.error();
  return Ok();
}

}  // namespace podwright::host
