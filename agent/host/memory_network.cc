#include "agent/host/memory_parts.h"

#include <sstream>

#include "core/digest.h"

namespace podwright::host {
namespace {

std::string ScriptOf(const std::optional<kinds::FirewallTable>& table) {
  std::string script = "# podwright\n";
  if (!table) return script;
  script += table->keep_ssh ? "ssh\n" : "no-ssh\n";
  for (const auto& mesh : table->meshes) script += mesh.interface + " " + std::to_string(mesh.port) + "\n";
  for (const auto& line : table->lines) {
    script += line.name + " " + line.protocol + " " + std::to_string(line.port) + " " + std::to_string(line.port_end) +
              " " + line.source + "\n";
  }
  return script;
}

std::string MemoryPublicKey(const std::string& private_key) {
  return Base64Encode(Sha256(private_key).View());
}

}  // namespace

// ---- sysctls, firewall ----

Result<std::optional<std::string>> MemorySysctls::Get(const std::string& name) {
  PW_TRY(MemoryParts::Fault(host, "sysctls.get"));
  const auto found = host.sysctls.find(name);
  if (found == host.sysctls.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Status MemorySysctls::Set(const std::string& name, const std::string& value) {
  PW_TRY(MemoryParts::Fault(host, "sysctls.set"));
  const auto found = host.sysctls.find(name);
  if (found == host.sysctls.end()) return NotFound("the kernel has no parameter " + name);
  found->second = value;
  MemoryParts::Effect(host, "sysctls.set " + name);
  return Ok();
}

Result<std::optional<kinds::FirewallTable>> MemoryFirewall::Read() {
  PW_TRY(MemoryParts::Fault(host, "firewall.read"));
  return host.firewall;
}

Status MemoryFirewall::Replace(const kinds::FirewallTable& table) {
  PW_TRY(MemoryParts::Fault(host, "firewall.replace"));
  host.firewall = table;
  MemoryParts::Effect(host, "firewall.replace");
  return Ok();
}

Status MemoryFirewall::RemoveTable() {
  PW_TRY(MemoryParts::Fault(host, "firewall.remove"));
  host.firewall.reset();
  MemoryParts::Effect(host, "firewall.remove");
  return Ok();
}

Result<std::string> MemoryFirewall::RestoreScript() {
  const std::string script = ScriptOf(host.firewall);
  scripts[script] = host.firewall;
  return script;
}

Status MemoryFirewall::Load(const std::string& script) {
  PW_TRY(MemoryParts::Fault(host, "firewall.load"));
  const auto found = scripts.find(script);
  if (found == scripts.end()) return InvalidArgument("not a script of this firewall");
  host.firewall = found->second;
  MemoryParts::Effect(host, "firewall.load");
  return Ok();
}

Result<std::optional<std::string>> MemoryFirewall::Listing(const std::string& table) {
  PW_TRY(MemoryParts::Fault(host, "firewall.listing"));
  const auto found = host.tables.find(table);
  if (found == host.tables.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Status MemoryFirewall::ReplaceTable(const std::string& table, const std::string& text) {
  PW_TRY(MemoryParts::Fault(host, "firewall.replace-table"));
  host.tables[table] = text;
  MemoryParts::Effect(host, "firewall.replace-table " + table);
  return Ok();
}

Status MemoryFirewall::RemoveTable(const std::string& table) {
  PW_TRY(MemoryParts::Fault(host, "firewall.remove-table"));
  host.tables.erase(table);
  MemoryParts::Effect(host, "firewall.remove-table " + table);
  return Ok();
}

// ---- WireGuard ----

WireguardDevice DeviceOf(const std::string& configuration, const WireguardDevice& before) {
  WireguardDevice device;
  WireguardPeer* peer = nullptr;
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    const std::string name = line.substr(0, equals);
    const std::string value = line.substr(equals + 3);
    if (name == "PrivateKey") device.public_key = MemoryPublicKey(value);
    if (name == "ListenPort") device.port = std::stoll(value);
    if (name == "PublicKey") {
      peer = &device.peers[value];
      const auto known = before.peers.find(value);
      if (known != before.peers.end()) peer->latest_handshake_unix = known->second.latest_handshake_unix;
    }
    if (name == "AllowedIPs" && peer != nullptr) peer->allowed_ips.insert(value);
  }
  return device;
}

Result<std::optional<WireguardDevice>> MemoryWireguard::Show(const std::string& interface) {
  PW_TRY(MemoryParts::Fault(host, "wireguard.show"));
  const auto found = host.wireguard.find(interface);
  if (found == host.wireguard.end()) return std::optional<WireguardDevice>();
  return std::optional<WireguardDevice>(found->second);
}

Status MemoryWireguard::SyncConf(const std::string& interface, const std::string& configuration) {
  PW_TRY(MemoryParts::Fault(host, "wireguard.sync"));
  const auto found = host.wireguard.find(interface);
  if (found == host.wireguard.end()) return NotFound("Unable to modify interface: No such device");
  found->second = DeviceOf(configuration, found->second);
  MemoryParts::Effect(host, "wireguard.sync " + interface);
  return Ok();
}

Result<std::string> MemoryWireguard::GenerateKey() {
  PW_TRY(MemoryParts::Fault(host, "wireguard.genkey"));
  return Base64Encode(Sha256("key " + std::to_string(MemoryParts::Next(host))).View());
}

Result<std::string> MemoryWireguard::PublicKey(const std::string& private_key) {
  PW_TRY(MemoryParts::Fault(host, "wireguard.pubkey"));
  return MemoryPublicKey(private_key);
}

Result<bool> MemoryWireguard::AwaitHandshake(const std::string& interface, const std::string& public_key,
                                             std::chrono::milliseconds /*limit*/) {
  PW_TRY(MemoryParts::Fault(host, "wireguard.await"));
  const auto found = host.wireguard.find(interface);
  return found != host.wireguard.end() && found->second.peers.contains(public_key) &&
         host.handshakes.contains(public_key);
}

void MemoryWireguard::Nudge(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) MemoryParts::Effect(host, "wireguard.nudge " + address);
}

}  // namespace podwright::host
