// The provider's log: one JSON object a line on stderr, as the host's log expects it.
//
// Shown when TF_LOG, TF_LOG_PROVIDER or TF_LOG_PROVIDER_<NAME> asks for the level. Any thread. The
// message is constant; what varies are fields. Never log a secret.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace podwright::sdk {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

using LogField = std::pair<std::string_view, std::string>;

bool LogEnabled(LogLevel level);
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace podwright::sdk
