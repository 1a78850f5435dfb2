#include "reconciler/clouds/lab/host_limits.h"

#include <cstdlib>
#include <fstream>

#include "core/log.h"
#include "core/log_keys.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {

Status RaiseLimit(const std::string& path, std::int64_t minimum) {
  PW_ASSIGN(const std::string before, ReadFile(path));
  if (std::strtoll(before.c_str(), nullptr, 10) >= minimum) return Ok();
  std::ofstream file(path);
  file << minimum << std::flush;
  if (!file) {
    return FailedPrecondition("the lab's servers need " + path + " at " + std::to_string(minimum) +
                              " or more, and it cannot be raised here: set it with sysctl");
  }
  log::Info("raised a limit of the host for the lab's servers", {{log::key::kPath, path}});
  return Ok();
}

Status RaiseHostLimits() {
  PW_TRY(RaiseLimit("/proc/sys/fs/inotify/max_user_instances", 8192));
  return RaiseLimit("/proc/sys/fs/inotify/max_user_watches", 524288);
}

}  // namespace podwright::clouds::lab
