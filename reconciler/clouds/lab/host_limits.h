// Limits of the host's kernel that a lab with many servers meets. Every systemd, journald and agent watches files by
// inotify, and the kernel counts all of them for one user: with Debian's 128 instances the sixth server hangs in its
// boot, with nothing but "Failed to create inotify object" in its journal.
//
// Threading: any thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"

namespace podwright::clouds::lab {

// Raises what is lower than `minimum`, and says so in the log; what is higher stays. It is not taken back with a lab:
// others may have begun to need it.
Status RaiseLimit(const std::string& path, std::int64_t minimum);

// All that a lab needs.
Status RaiseHostLimits();

}  // namespace podwright::clouds::lab
