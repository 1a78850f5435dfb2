// The running agent: host, journal, drivers, engine and session put together, with three threads.
#pragma once

#include <string>

#include "core/result.h"

namespace podwright::agent {

struct ProgramOptions {
  std::string state_folder = "/var/lib/podwright-agent";
  std::string token_file = "/etc/podwright/enrol-token";
  std::string version;
};

// Enrols first when the token's file is there. Blocks until SIGTERM or SIGINT.
Status RunAgent(const ProgramOptions& options);

// Enrols with the token; refuses when the server is enrolled already unless `again`.
enum class EnrolAgain { kRefused, kAllowed };
Status EnrolServer(const std::string& state_folder, const std::string& token, const std::string& version,
                   EnrolAgain again);

}  // namespace podwright::agent
