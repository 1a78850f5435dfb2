#include <unistd.h>

#include <array>
#include <charconv>
#include <sstream>

#include "agent/host/programs.h"
#include "agent/host/real_machine.h"

namespace podwright::host {
namespace {

constexpr std::chrono::seconds kJobLimit{180};  // systemd's own default limit for a start is 90 s

Status Systemctl(const char* verb, const std::string& unit) {
  return RunProgram({"systemctl", "--quiet", "--no-ask-password", verb, "--", unit}, kJobLimit);
}

std::int64_t Number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void SetProperty(UnitState& state, const std::string& name, const std::string& value) {
  if (name == "LoadState") state.load_state = value;
  if (name == "ActiveState") state.active_state = value;
  if (name == "UnitFileState") state.unit_file_state = value;
  if (name == "InvocationID") state.invocation_id = value;
  if (name == "ActiveExitTimestampMonotonic") state.stopped_us = Number(value);
  if (name == "ActiveEnterTimestampMonotonic") state.started_us = Number(value);
}

}  // namespace

Result<std::map<std::string, UnitState>> ParseShow(const std::string& output, const std::vector<std::string>& units) {
  std::map<std::string, UnitState> found;
  std::size_t index = 0;
  bool open = false;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      if (open) ++index;
      open = false;
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string::npos || index >= units.size()) return Internal("systemctl show answered: " + line);
    open = true;
    SetProperty(found[units[index]], line.substr(0, equals), line.substr(equals + 1));
  }
  if (found.size() != units.size()) return Internal("systemctl show did not tell of every unit");
  return found;
}

Result<std::map<std::string, UnitState>> SystemdUnits::Show(const std::vector<std::string>& units) {
  if (units.empty()) return std::map<std::string, UnitState>();
  std::vector<std::string> argv = {"systemctl", "show", "--no-pager",
                                   "--property=LoadState,ActiveState,UnitFileState,InvocationID,"
                                   "ActiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic",
                                   "--"};
  argv.insert(argv.end(), units.begin(), units.end());
  PW_ASSIGN(const std::string output, RunForOutput(Program(argv)));
  return ParseShow(output, units);
}

// systemd keeps a link with the InvocationID of every unit that runs: reading it needs no process.
std::string SystemdUnits::Stamp(const std::vector<std::string>& units) {
  std::string stamp;
  std::array<char, 64> target{};
  for (const std::string& unit : units) {
    const ssize_t size = ::readlink(("/run/systemd/units/invocation:" + unit).c_str(), target.data(), target.size());
    if (size > 0) stamp.append(target.data(), static_cast<std::size_t>(size));
    stamp += ';';
  }
  return stamp;
}

Status SystemdUnits::SetEnabled(const std::string& unit, bool enabled) {
  return Systemctl(enabled ? "enable" : "disable", unit);
}
Status SystemdUnits::Start(const std::string& unit) {
  return Systemctl("start", unit);
}
Status SystemdUnits::Stop(const std::string& unit) {
  return Systemctl("stop", unit);
}
Status SystemdUnits::Reload(const std::string& unit) {
  return Systemctl("reload", unit);
}
Status SystemdUnits::Restart(const std::string& unit) {
  return Systemctl("restart", unit);
}
Status SystemdUnits::DaemonReload() {
  return RunProgram({"systemctl", "daemon-reload"}, kJobLimit);
}

Status SystemdUnits::ArmTimer(const std::string& name, std::chrono::milliseconds delay,
                              const std::vector<std::string>& argv) {
  PW_TRY(DisarmTimer(name));
  std::vector<std::string> all = {"systemd-run",
                                  "--quiet",
                                  "--unit=" + name,
                                  "--on-active=" + std::to_string(delay.count()) + "ms",
                                  "--timer-property=AccuracySec=100ms",
                                  "--"};
  all.insert(all.end(), argv.begin(), argv.end());
  return RunProgram(all);
}

Status SystemdUnits::DisarmTimer(const std::string& name) {
  for (const std::string& unit : {name + ".timer", name + ".service"}) {
    const ProcessRequest stop = Program({"systemctl", "--quiet", "stop", "--", unit});
    PW_ASSIGN(const ProcessResult result, RunProcess(stop));
    constexpr int kNotLoaded = 5;
    if (!result.Succeeded() && result.exit_code != kNotLoaded) return ProcessFailure(stop, result);
    PW_ASSIGN([[maybe_unused]] const auto ignored, RunProcess(Program({"systemctl", "reset-failed", "--", unit})));
  }
  return Ok();
}

Result<bool> SystemdUnits::TimerPending(const std::string& name) {
  PW_ASSIGN(const auto states, Show({name + ".timer"}));
  return states.begin()->second.Active();
}

}  // namespace podwright::host
