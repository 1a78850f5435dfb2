#include "agent/commands.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "agent/drivers/cache/gate.h"
#include "agent/engine/host_pause.h"
#include "agent/host/real_host.h"
#include "agent/program.h"
#include "agent/session/identity.h"
#include "core/clock.h"

namespace podwright::agent {
namespace {

constexpr std::size_t kMaxToken = 16 * 1024;

void Print(const std::string& name, const std::string& value) {
  std::printf("%-12s %s\n", (name + ":").c_str(), value.c_str());
}

// Who is behind the command, for the audit.
std::string Caller() {
  const char* sudo = std::getenv("SUDO_USER");
  return sudo == nullptr || *sudo == '\0' ? "uid " + std::to_string(::getuid()) : std::string(sudo) + " (sudo)";
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseSpan(const std::string& text) {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number <= 0 || number > 1'000'000) return std::nullopt;
  const std::string unit(stop, text.data() + text.size());
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  if (unit == "h") return std::chrono::hours(number);
  if (unit == "d") return std::chrono::hours(24 * number);
  return std::nullopt;
}

Status EnrolCommand(const std::string& state_folder, const std::string& token_file, const std::string& version,
                    bool again) {
  std::string token;
  if (token_file == "-") {
    char c = 0;
    while (token.size() < kMaxToken && std::cin.get(c)) token.push_back(c);
  } else {
    PW_ASSIGN(token, ReadPrivateFile(token_file));
  }
  PW_TRY(EnrolServer(state_folder, token, version, again ? EnrolAgain::kAllowed : EnrolAgain::kRefused));
  if (token_file != "-") {
    PW_TRY(ShredFile(token_file));
  }
  std::puts("Enrolled. `systemctl enable --now podwright-agent` starts the agent.");
  return Ok();
}

Status PauseCommand(const std::string& state_folder, std::chrono::milliseconds span, const std::string& reason) {
  SystemClock clock;
  const WallTime until = clock.Now() + span;
  PW_TRY(WriteHostPause(state_folder, {ToUnixMillis(until), reason, Caller()}));
  std::printf("Paused until %s. `podwright-agent resume` ends it sooner.\n", FormatRfc3339(until).c_str());
  return Ok();
}

Status ResumeCommand(const std::string& state_folder) {
  PW_TRY(RemoveHostPause(state_folder));
  std::puts("Resumed.");
  return Ok();
}

Status StatusCommand(const std::string& state_folder) {
  PW_ASSIGN(const auto identity, LoadIdentity(state_folder));
  if (!identity) {
    Print("enrolled", "no");
    return Ok();
  }
  SystemClock clock;
  const WallTime end = FromUnixMillis(identity->not_after_unix_ms());
  Print("server", identity->server());
  Print("workspace", identity->workspace());
  Print("agent", identity->agent_id());
  Print("control", identity->address());
  Print("certificate", std::string(end > clock.Now() ? "until " : "expired ") + FormatRfc3339(end));
  const auto connection = ReadPrivateFile(state_folder + "/connection");
  Print("connection", connection.ok() ? connection->substr(0, connection->find('\n')) : "unknown");
  PW_ASSIGN(const auto pause, ReadHostPause(state_folder));
  if (pause && pause->until_unix_ms > ToUnixMillis(clock.Now())) {
    Print("paused", "until " + FormatRfc3339(FromUnixMillis(pause->until_unix_ms)) +
                        (pause->reason.empty() ? "" : ": " + pause->reason));
  } else {
    Print("paused", "no");
  }
  return Ok();
}

Status CacheGateCommand(const std::string& cache) {
  const bool plain =
      !cache.empty() && cache.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!plain) return InvalidArgument("\"" + cache + "\" is no name of a cache");
  host::RealHost machine;
  const host::Host host = machine.View();
  // Less than what starts a unit waits for; the unit tries again by itself.
  return drivers::cache::PassGate(host.files, host.redis, cache, std::chrono::seconds(20));
}

}  // namespace podwright::agent
