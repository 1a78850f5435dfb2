#include "agent/host/memory_host.h"

#include <algorithm>

#include "agent/host/memory_parts.h"

namespace podwright::host {

std::string InterfaceOfUnit(const std::string& unit) {
  const std::string prefix = "wg-quick@";
  if (unit.compare(0, prefix.size(), prefix) != 0) return "";
  return unit.substr(prefix.size(), unit.rfind(".service") - prefix.size());
}

// ---- programs ----

Result<ProcessResult> MemoryPrograms::Run(const ProcessRequest& request) {
  PW_TRY(MemoryParts::Fault(host, "programs.run"));
  std::string line = "programs.run";
  for (const std::string& argument : request.argv) line += " " + argument;
  MemoryParts::Effect(host, line);
  if (!host.program) return NotFound("there is no program " + request.argv.front());
  return host.program(request);
}

Result<std::string> MemoryLocalSockets::Ask(const std::string& path, std::string_view request,
                                            std::chrono::milliseconds /*limit*/) {
  PW_TRY(MemoryParts::Fault(host, "local_sockets.ask"));
  if (!host.socket) return Error(ErrorCode::kUnavailable, "nobody listens at " + path, Retry::kBackoff);
  return host.socket(path, request);
}

// ---- the whole ----

MemoryHost::MemoryHost() : parts_(std::make_unique<MemoryParts>(*this)) {
  for (const char* folder :
       {"/", "/etc", "/etc/sysctl.d", "/home", "/srv", "/var", "/var/lib", "/var/lib/podwright-agent"}) {
    files[folder] = {FileType::kDirectory, "", {0755, "root", "root"}, 0};
  }
  groups = {"root", "sudo", "adm", "www-data"};
  capabilities = {{"os", "debian 12"}, {"nftables", "1.0.6"}, {"systemd", "252"}};
}
MemoryHost::~MemoryHost() = default;

Host MemoryHost::View() {
  return {parts_->files, parts_->packages,  parts_->units,    parts_->users,         parts_->sysctls, parts_->firewall,
          parts_->facts, parts_->wireguard, parts_->programs, parts_->local_sockets, parts_->redis};
}

Status MemoryHost::Fault(const std::string& operation) {
  const auto found = faults_.find(operation);
  if (found == faults_.end() || found->second.empty()) return Ok();
  Error error = found->second.front();
  found->second.pop_front();
  return error;
}

void MemoryHost::Fail(const std::string& operation, Error error, int times) {
  for (int i = 0; i < times; ++i) faults_[operation].push_back(error);
}

void MemoryHost::MeshStarted(const std::string& unit) {
  const std::string interface = InterfaceOfUnit(unit);
  const auto configuration = files.find("/etc/wireguard/" + interface + ".conf");
  if (interface.empty() || configuration == files.end()) return;
  wireguard[interface] = DeviceOf(configuration->second.content, {});
  // The configuration's PreUp.
  const auto rules = files.find("/etc/wireguard/" + interface + ".nft");
  if (rules == files.end()) return;
  const std::string& script = rules->second.content;
  const std::string table = script.substr(11, script.find('\n') - 11);
  tables[table] = script.substr(script.find("table inet " + table + " {"));
}

int MemoryHost::Count(const std::string& effect) const {
  return static_cast<int>(std::count(effects_.begin(), effects_.end(), effect));
}

void MemoryHost::Reboot() {
  firewall.reset();
  tables.clear();
  wireguard.clear();
  timers.clear();
  boot_id = "boot-" + std::to_string(++counter_);
  for (auto& [name, unit] : units) {
    unit.state.active_state = unit.state.Enabled() ? "active" : "inactive";
    unit.state.invocation_id = unit.state.Enabled() ? "invocation-" + std::to_string(++counter_) : "";
    if (unit.state.Enabled()) MeshStarted(name);
  }
}

void MemoryHost::FireTimer(const std::string& name) {
  const auto found = timers.find(name);
  if (found == timers.end()) return;
  const std::string script = files[found->second.argv.back()].content;
  timers.erase(found);
  (void)parts_->firewall.Load(script);
}

}  // namespace podwright::host
