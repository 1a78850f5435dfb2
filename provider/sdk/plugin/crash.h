// Crash reports: the host shows lines after "panic: " to the user as "The X plugin crashed!".
#pragma once

#include <string>

namespace podwright::sdk::plugin {

// Reports unhandled exceptions (std::terminate) and fatal signals on stderr, then ends the process.
// Call before threads are started. `program` is "NAME VERSION".
void InstallCrashReport(const std::string& program);

// The socket to remove before a crashed process ends. Call once, when it exists.
void RemoveSocketOnCrash(const std::string& path);

}  // namespace podwright::sdk::plugin
