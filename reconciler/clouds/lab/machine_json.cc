#include "reconciler/clouds/lab/machine_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconciler/clouds/lab/names.h"

namespace podwright::clouds::lab {
namespace {

using nlohmann::json;

MachineState StateOf(const std::string& word) {
  if (word == "running") return MachineState::kRunning;
  // Copying files happens in "created"; the first start ends the creation.
  if (word == "created" || word == "configured" || word == "initialized") return MachineState::kIncomplete;
  if (word == "exited" || word == "stopped" || word == "stopping") return MachineState::kStopped;
  return MachineState::kUnknown;
}

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<std::vector<Machine>> ParseMachines(std::string_view answer) {
  const json document = json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (!document.is_array()) return Internal("podman's list of containers is not readable");
  std::vector<Machine> machines;
  for (const auto& entry : document) {
    const auto labels = entry.is_object() ? entry.find("Labels") : entry.end();
    if (!entry.is_object() || labels == entry.end() || !labels->is_object() || !labels->contains(kLabelTag)) continue;
    Machine machine;
    machine.id = Text(entry, "Id");
    machine.state = StateOf(Text(entry, "State"));
    machine.tag = Text(*labels, kLabelTag);
    machine.name = Text(*labels, kLabelName);
    machine.installation = Text(*labels, kLabelInstallation);
    machine.image = Text(*labels, kLabelImage);
    machine.size = Text(*labels, kLabelSize);
    machine.region = Text(*labels, kLabelRegion);
    if (std::string address = Text(*labels, kLabelAddress); !address.empty()) machine.addresses = {std::move(address)};
    constexpr std::string_view kPrefix = kLabelUserPrefix;
    for (const auto& [key, value] : labels->items()) {
      if (key.starts_with(kPrefix) && value.is_string()) machine.labels[key.substr(kPrefix.size())] = value;
    }
    if (const auto created = entry.find("Created"); created != entry.end() && created->is_number_integer()) {
      machine.created = FromUnixMillis(created->get<std::int64_t>() * 1000);
    }
    machines.push_back(std::move(machine));
  }
  std::sort(machines.begin(), machines.end(), [](const Machine& a, const Machine& b) { return a.tag < b.tag; });
  return machines;
}

}  // namespace podwright::clouds::lab
