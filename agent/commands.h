// The commands for people on the server itself.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/result.h"

namespace podwright::agent {

// "90s", "30m", "1h", "2d".
std::optional<std::chrono::milliseconds> ParseSpan(const std::string& text);

// From a file of mode 0600, which is shredded when it was used, or from standard input ("-").
Status EnrolCommand(const std::string& state_folder, const std::string& token_file, const std::string& version,
                    bool again);
Status PauseCommand(const std::string& state_folder, std::chrono::milliseconds span, const std::string& reason);
Status ResumeCommand(const std::string& state_folder);
// Prints who the agent is, until when its certificate lives, and whether it is connected or paused.
Status StatusCommand(const std::string& state_folder);
// Lets the cache's Redis start with the role that it has, or says why it must not start yet.
Status CacheGateCommand(const std::string& cache);

}  // namespace podwright::agent
