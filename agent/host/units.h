// systemd units. Threading: one caller at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::host {

struct UnitState {
  std::string load_state;       // loaded, not-found, masked, …
  std::string active_state;     // active, inactive, failed, activating, …
  std::string unit_file_state;  // enabled, disabled, static, …; empty where there is no file
  std::string invocation_id;    // changes with every start; empty while it never ran
  std::int64_t stopped_us = 0;  // monotonic, when it last left "active"
  std::int64_t started_us = 0;  // monotonic, when it last became "active"

  bool Active() const { return active_state == "active" || active_state == "reloading"; }
  bool Failed() const { return active_state == "failed"; }
  // Started at boot, or by what wants it (a static unit cannot be enabled by itself).
  bool Enabled() const;
};

class Units {
 public:
  virtual ~Units() = default;
  virtual Result<std::map<std::string, UnitState>> Show(const std::vector<std::string>& units) = 0;
  // Changes when one of `units` was started or stopped; much cheaper than Show. May change without reason.
  virtual std::string Stamp(const std::vector<std::string>& units) = 0;
  virtual Status SetEnabled(const std::string& unit, bool enabled) = 0;
  virtual Status Start(const std::string& unit) = 0;
  virtual Status Stop(const std::string& unit) = 0;
  virtual Status Reload(const std::string& unit) = 0;
  virtual Status Restart(const std::string& unit) = 0;
  virtual Status DaemonReload() = 0;
  // Runs `argv` once after `delay`, by systemd, whatever becomes of the agent.
  virtual Status ArmTimer(const std::string& name, std::chrono::milliseconds delay,
                          const std::vector<std::string>& argv) = 0;
  // Nothing to disarm is no error.
  virtual Status DisarmTimer(const std::string& name) = 0;
  virtual Result<bool> TimerPending(const std::string& name) = 0;
};

}  // namespace podwright::host
