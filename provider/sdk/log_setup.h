// Setting up the provider's log: for Serve, not for authors.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "provider/sdk/log.h"

namespace podwright::sdk {

// The level that the environment asks of the provider `name`: TF_LOG_PROVIDER_<NAME>, else
// TF_LOG_PROVIDER, else TF_LOG; warnings where none is set.
LogLevel LogLevelFromEnvironment(std::string_view name, const std::function<const char*(const char*)>& getenv);

// Call before threads are started. `module` stands in every line.
void InitLog(std::string module, LogLevel level);

// One line as Log() writes it, newline included. At most 60,000 bytes.
std::string FormatLogLine(LogLevel level, std::string_view module, std::string_view message,
                          std::initializer_list<LogField> fields, std::string_view timestamp);

}  // namespace podwright::sdk
