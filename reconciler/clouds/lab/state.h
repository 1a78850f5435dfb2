// What a lab has found out or changed on its host and must know again after a restart: one small
// file in its data folder.
//
// Threading: none; the owner serialises.
#pragma once

#include <string>

#include "core/result.h"

namespace podwright::clouds::lab {

struct LabState {
  std::string boot_id;              // of the host, when the lab was last used
  std::string subnet;               // "10.89.7.0/24"; empty: not chosen yet
  std::string runtime;              // "runc"; empty: not probed yet
  std::string cgroup_manager;       // "cgroupfs" or "systemd"
  bool enabled_forwarding = false;  // the host did not forward IPv4 before
};

// An absent file is an empty state.
Result<LabState> LoadState(const std::string& path);
Status SaveState(const std::string& path, const LabState& state);

}  // namespace podwright::clouds::lab
