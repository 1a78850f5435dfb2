#include "reconciler/clouds/lab/state.h"

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {

using nlohmann::json;

Result<LabState> LoadState(const std::string& path) {
  const auto text = ReadFile(path);
  if (!text.ok()) {
    if (text.error().code() == ErrorCode::kNotFound) return LabState{};
    return text.error();
  }
  const json document = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return DataLoss("the lab's state file " + path + " is not readable");
  const auto word = [&](const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  LabState state{word("boot_id"), word("subnet"), word("runtime"), word("cgroup_manager"), false};
  const auto forwarding = document.find("enabled_forwarding");
  state.enabled_forwarding = forwarding != document.end() && forwarding->is_boolean() && forwarding->get<bool>();
  return state;
}

Status SaveState(const std::string& path, const LabState& state) {
  const json document = {{"boot_id", state.boot_id},
                         {"subnet", state.subnet},
                         {"runtime", state.runtime},
                         {"cgroup_manager", state.cgroup_manager},
                         {"enabled_forwarding", state.enabled_forwarding}};
  return ReplaceFile(path, document.dump(2) + "\n", 0600);
}

}  // namespace podwright::clouds::lab
