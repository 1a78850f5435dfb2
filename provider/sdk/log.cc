#include "provider/sdk/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "provider/sdk/log_setup.h"
#include "provider/sdk/value/json_text.h"

namespace podwright::sdk {
namespace {

constexpr std::size_t kMaxText = 8192;
constexpr std::size_t kMaxLine = 60'000;

struct State {
  std::string module = "provider";
  std::atomic<LogLevel> level{LogLevel::kWarn};
};

State& GlobalState() {
  static State state;
  return state;
}

std::string_view LevelName(LogLevel level) {
  constexpr std::array<std::string_view, 6> names = {"trace", "debug", "info", "warn", "error", "off"};
  return names[static_cast<std::size_t>(level)];
}

std::string Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const std::time_t seconds = micros / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06ldZ", static_cast<long>(micros % 1'000'000));
  return std::string(text.data(), size) + fraction.data();
}

LogLevel ParseLevel(std::string_view text) {
  std::string upper;
  for (const char c : text) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (upper == "DEBUG") return LogLevel::kDebug;
  if (upper == "INFO") return LogLevel::kInfo;
  if (upper == "WARN") return LogLevel::kWarn;
  if (upper == "ERROR") return LogLevel::kError;
  if (upper == "OFF") return LogLevel::kOff;
  return LogLevel::kTrace;  // TRACE, JSON, and what the hosts take for TRACE too: anything else
}

void AppendMember(std::string& line, std::string_view key, std::string_view value) {
  line += line.size() == 1 ? "" : ",";
  AppendJsonString(line, key);
  line += ':';
  AppendJsonString(line, value.substr(0, kMaxText));
}

}  // namespace

LogLevel LogLevelFromEnvironment(std::string_view name, const std::function<const char*(const char*)>& getenv) {
  std::string own = "TF_LOG_PROVIDER_";
  for (const char c : name) own += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& variable : {own, std::string("TF_LOG_PROVIDER"), std::string("TF_LOG")}) {
    const char* value = getenv(variable.c_str());
    if (value != nullptr && *value != '\0') return ParseLevel(value);
  }
  return LogLevel::kWarn;
}

void InitLog(std::string module, LogLevel level) {
  GlobalState().module = std::move(module);
  GlobalState().level = level;
}

std::string FormatLogLine(LogLevel level, std::string_view module, std::string_view message,
                          std::initializer_list<LogField> fields, std::string_view timestamp) {
  std::string line = "{";
  AppendMember(line, "@level", LevelName(level));
  AppendMember(line, "@message", message);
  AppendMember(line, "@module", module);
  AppendMember(line, "@timestamp", timestamp);
  for (const auto& [key, value] : fields) {
    std::string member = line.size() > 1 ? "," : "";
    AppendJsonString(member, key);
    member += ':';
    AppendJsonString(member, std::string_view(value).substr(0, kMaxText));
    if (line.size() + member.size() > kMaxLine) break;
    line += member;
  }
  line += "}\n";
  return line;
}

bool LogEnabled(LogLevel level) {
  return level != LogLevel::kOff && level >= GlobalState().level.load();
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  const std::string line = FormatLogLine(level, GlobalState().module, message, fields, Now());
  // One write a line, so that threads do not mix theirs; a host that no longer reads is no reason to fail.
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace podwright::sdk
