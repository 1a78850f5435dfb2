#include "core/log.h"

#define FMT_HEADER_ONLY 1
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace podwright::log {

namespace {

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kTrace: return spdlog::level::trace;
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
    case Level::kOff: return spdlog::level::off;
  }
  return spdlog::level::info;
}

struct State {
  std::shared_ptr<spdlog::logger> logger;
  Format format = Format::kText;
  State() {
    logger = std::make_shared<spdlog::logger>("podwright", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::info);
  }
};

State& TheState() {
  static State* state = new State;  // never destroyed: threads may log until the end
  return *state;
}

void AppendJson(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto b = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (b < 0x20) {
      out += "\\u00";
      out += kHex[b >> 4];
      out += kHex[b & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// key=value with quotes where the value has spaces, quotes or control characters.
void AppendText(std::string& out, const Field& field) {
  out += ' ';
  out += field.key;
  out += '=';
  bool plain = !field.value.empty();
  for (const char c : field.value) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=') plain = false;
  }
  if (plain) {
    out += field.value;
  } else {
    AppendJson(out, field.value);
  }
}

}  // namespace

void Init(Level level, Format format) {
  State& state = TheState();
  state.format = format;
  state.logger->set_level(ToSpdlog(level));
  if (format == Format::kJson)
    state.logger->set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%v}",
                              spdlog::pattern_time_type::utc);
}

Level ParseLevel(std::string_view text) {
  if (text == "trace") return Level::kTrace;
  if (text == "debug") return Level::kDebug;
  if (text == "warn") return Level::kWarn;
  if (text == "error") return Level::kError;
  if (text == "off") return Level::kOff;
  return Level::kInfo;
}

bool Enabled(Level level) {
  return TheState().logger->should_log(ToSpdlog(level));
}

void Write(Level level, std::string_view message, Fields fields) {
  if (!Enabled(level)) return;
  State& state = TheState();
  std::string line;
  if (state.format == Format::kJson) {
    line += "\"message\":";
    AppendJson(line, message);
    for (const Field& field : fields) {
      line += ',';
      AppendJson(line, field.key);
      line += ':';
      AppendJson(line, field.value);
    }
  } else {
    line += message;
    for (const Field& field : fields) AppendText(line, field);
  }
  state.logger->log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace podwright::log
