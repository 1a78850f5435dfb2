// `podwright-agent pause` on the server itself: a file in the state folder that only root can write.
// The running agent reads it when it changes. Threading: any thread; the file is replaced as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"

namespace podwright::agent {

struct HostPause {
  std::int64_t until_unix_ms = 0;
  std::string reason;  // one line
  std::string by;      // who asked, for the audit
};

Status WriteHostPause(const std::string& folder, const HostPause& pause);
Status RemoveHostPause(const std::string& folder);
// Nothing where there is none. A file that others could have written is an error.
Result<std::optional<HostPause>> ReadHostPause(const std::string& folder);

}  // namespace podwright::agent
