#include "agent/host/memory_host.h"

#include <algorithm>
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

// "pw-prod" of "wg-quick@pw-prod.service".
std::string InterfaceOfUnit(const std::string& unit) {
  const std::string prefix = "wg-quick@";
  if (unit.compare(0, prefix.size(), prefix) != 0) return "";
  return unit.substr(prefix.size(), unit.rfind(".service") - prefix.size());
}

}  // namespace

struct MemoryFiles final : Files {
  explicit MemoryFiles(MemoryHost& h) : host(h) {}
  MemoryHost& host;

  Result<std::optional<FileStat>> Stat(const std::string& path) override;
  Result<std::string> Read(const std::string& path, std::size_t max) override;
  Status Write(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  Status SetAttributes(const std::string& path, const FileAttributes& attributes) override;
  Status Remove(const std::string& path) override;
  Result<std::vector<std::string>> MakeFolders(const std::string& folder) override;
  Status EnsureFolder(const std::string& folder, const FileAttributes& attributes) override;
  Status RemoveEmptyFolder(const std::string& folder) override;
  Status RemoveTree(const std::string& folder) override;
  Status CheckOwner(const FileAttributes& attributes) const;
};

struct MemoryPackages final : Packages {
  explicit MemoryPackages(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::map<std::string, std::string>> Installed(const std::vector<std::string>& names) override;
  Status Install(const std::string& name, const std::string& version) override;
  Status Remove(const std::string& name) override;
};

struct MemoryUnits final : Units {
  explicit MemoryUnits(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::map<std::string, UnitState>> Show(const std::vector<std::string>& names) override;
  std::string Stamp(const std::vector<std::string>& names) override;
  Status SetEnabled(const std::string& unit, bool enabled) override;
  Status Start(const std::string& unit) override;
  Status Stop(const std::string& unit) override;
  Status Reload(const std::string& unit) override;
  Status Restart(const std::string& unit) override;
  Status DaemonReload() override;
  Status ArmTimer(const std::string& name, std::chrono::milliseconds delay,
                  const std::vector<std::string>& argv) override;
  Status DisarmTimer(const std::string& name) override;
  Result<bool> TimerPending(const std::string& name) override;
  Result<MemoryHost::Unit*> Loaded(const std::string& unit);
  Status Run(const std::string& name, MemoryHost::Unit& unit);
};

struct MemoryUsers final : Users {
  explicit MemoryUsers(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::map<std::string, UserState>> Find(const std::vector<std::string>& names) override;
  Status Add(const std::string& name, const UserWish& wish) override;
  Status Modify(const std::string& name, const UserWish& wish) override;
  Status Remove(const std::string& name) override;
  Status CheckGroups(const UserWish& wish) const;
};

struct MemorySysctls final : Sysctls {
  explicit MemorySysctls(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::optional<std::string>> Get(const std::string& name) override;
  Status Set(const std::string& name, const std::string& value) override;
};

struct MemoryFirewall final : Firewall {
  explicit MemoryFirewall(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::optional<kinds::FirewallTable>> Read() override;
  Status Replace(const kinds::FirewallTable& table) override;
  Status RemoveTable() override;
  Result<std::string> RestoreScript() override;
  Status Load(const std::string& script) override;
  std::vector<std::string> LoadCommand(const std::string& path) const override { return {"nft", "-f", path}; }
  Result<std::optional<std::string>> Listing(const std::string& table) override;
  Status ReplaceTable(const std::string& table, const std::string& text) override;
  Status RemoveTable(const std::string& table) override;
  std::map<std::string, std::optional<kinds::FirewallTable>> scripts;
};

// A unit wg-quick@NAME.service makes the interface of /etc/wireguard/NAME.conf when it starts, and takes it away.
struct MemoryWireguard final : Wireguard {
  explicit MemoryWireguard(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::optional<WireguardDevice>> Show(const std::string& interface) override;
  Status SyncConf(const std::string& interface, const std::string& configuration) override;
  Result<std::string> GenerateKey() override;
  Result<std::string> PublicKey(const std::string& private_key) override;
  Result<bool> AwaitHandshake(const std::string& interface, const std::string& public_key,
                              std::chrono::milliseconds limit) override;
  void Nudge(const std::vector<std::string>& addresses) override;
};

struct MemoryFacts final : Facts {
  explicit MemoryFacts(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  std::string BootId() override { return host.boot_id; }
  std::string Hostname() override { return "memory"; }
  std::string OperatingSystem() override { return "debian 12"; }
  std::vector<std::string> Addresses() override { return {"192.0.2.1"}; }
  std::string InterfaceOf(const std::string& address) override {
    const auto found = host.interfaces.find(address);
    return found == host.interfaces.end() ? "" : found->second;
  }
  std::string Address() override { return "192.0.2.1"; }
  std::map<std::string, std::string> Capabilities() override { return host.capabilities; }
  std::map<std::string, double> Health() override { return {{"load1", 0.0}}; }
};

struct MemoryPrograms final : Programs {
  explicit MemoryPrograms(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<ProcessResult> Run(const ProcessRequest& request) override;
};

struct MemoryLocalSockets final : LocalSockets {
  explicit MemoryLocalSockets(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::string> Ask(const std::string& path, std::string_view request, std::chrono::milliseconds limit) override;
};

struct MemoryRedis final : Redis {
  explicit MemoryRedis(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  Result<std::vector<RedisReply>> Run(const RedisTarget& target, const std::vector<RedisCommand>& commands) override {
    if (!host.redis) return Unavailable("nobody answers at " + target.address);
    return host.redis(target, commands);
  }
  void Wait(std::chrono::milliseconds span) override {
    if (host.redis_waits) host.redis_waits(span);
  }
};

struct MemoryParts {
  explicit MemoryParts(MemoryHost& h)
      : files(h),
        packages(h),
        units(h),
        users(h),
        sysctls(h),
        firewall(h),
        facts(h),
        wireguard(h),
        programs(h),
        local_sockets(h),
        redis(h) {}
  MemoryFiles files;
  MemoryPackages packages;
  MemoryUnits units;
  MemoryUsers users;
  MemorySysctls sysctls;
  MemoryFirewall firewall;
  MemoryFacts facts;
  MemoryWireguard wireguard;
  MemoryPrograms programs;
  MemoryLocalSockets local_sockets;
  MemoryRedis redis;

  static Status Fault(MemoryHost& host, const std::string& operation) { return host.Fault(operation); }
  static void Effect(MemoryHost& host, std::string effect) { host.Effect(std::move(effect)); }
  static void MeshStarted(MemoryHost& host, const std::string& unit) { host.MeshStarted(unit); }
  static std::uint64_t Next(MemoryHost& host) { return ++host.counter_; }
};

// ---- files ----

Status MemoryFiles::CheckOwner(const FileAttributes& attributes) const {
  if (attributes.owner != "root" && !host.users.contains(attributes.owner)) {
    return FailedPrecondition("there is no user \"" + attributes.owner + "\"");
  }
  if (!host.groups.contains(attributes.group)) {
    return FailedPrecondition("there is no group \"" + attributes.group + "\"");
  }
  return Ok();
}

Result<std::optional<FileStat>> MemoryFiles::Stat(const std::string& path) {
  PW_TRY(MemoryParts::Fault(host, "files.stat"));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return std::optional<FileStat>();
  const MemoryHost::File& file = found->second;
  FileStat stat;
  stat.type = file.type;
  stat.mode = file.attributes.mode;
  stat.owner = file.attributes.owner;
  stat.group = file.attributes.group;
  stat.size = static_cast<std::int64_t>(file.content.size());
  stat.stamp = Sha256(file.content).Hex();
  return std::optional<FileStat>(stat);
}

Result<std::string> MemoryFiles::Read(const std::string& path, std::size_t max) {
  PW_TRY(MemoryParts::Fault(host, "files.read"));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return NotFound("there is no " + path);
  if (found->second.type != FileType::kFile) return FailedPrecondition(path + " is not a regular file");
  if (found->second.content.size() > max) return ResourceExhausted(path + " is too large");
  return found->second.content;
}

Status MemoryFiles::Write(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  PW_TRY(MemoryParts::Fault(host, "files.write"));
  PW_TRY(CheckOwner(attributes));
  const auto found = host.files.find(path);
  if (found != host.files.end() && found->second.type != FileType::kFile) {
    return FailedPrecondition(path + " is not a regular file");
  }
  if (!host.files.contains(ParentFolder(path))) return NotFound("there is no folder " + ParentFolder(path));
  host.files[path] = {FileType::kFile, std::string(content), attributes, MemoryParts::Next(host)};
  MemoryParts::Effect(host, "files.write " + path);
  return Ok();
}

Status MemoryFiles::SetAttributes(const std::string& path, const FileAttributes& attributes) {
  PW_TRY(MemoryParts::Fault(host, "files.attributes"));
  PW_TRY(CheckOwner(attributes));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return NotFound("there is no " + path);
  found->second.attributes = attributes;
  MemoryParts::Effect(host, "files.attributes " + path);
  return Ok();
}

Status MemoryFiles::Remove(const std::string& path) {
  PW_TRY(MemoryParts::Fault(host, "files.remove"));
  const auto found = host.files.find(path);
  if (found == host.files.end()) return Ok();
  if (found->second.type == FileType::kDirectory) return FailedPrecondition(path + " is a directory");
  host.files.erase(found);
  MemoryParts::Effect(host, "files.remove " + path);
  return Ok();
}

Result<std::vector<std::string>> MemoryFiles::MakeFolders(const std::string& folder) {
  std::vector<std::string> made;
  for (std::string at = folder; at != "/"; at = ParentFolder(at)) {
    const auto found = host.files.find(at);
    if (found != host.files.end() && found->second.type != FileType::kDirectory) {
      return FailedPrecondition(at + " is not a folder");
    }
    if (found == host.files.end()) made.insert(made.begin(), at);
  }
  for (const std::string& at : made) host.files[at] = {FileType::kDirectory, "", {0755, "root", "root"}, 0};
  return made;
}

Status MemoryFiles::EnsureFolder(const std::string& folder, const FileAttributes& attributes) {
  PW_TRY(CheckOwner(attributes));
  host.files[folder] = {FileType::kDirectory, "", attributes, 0};
  return Ok();
}

Status MemoryFiles::RemoveEmptyFolder(const std::string& folder) {
  const std::string prefix = folder + "/";
  const auto inside = host.files.lower_bound(prefix);
  if (inside != host.files.end() && inside->first.compare(0, prefix.size(), prefix) == 0) return Ok();
  host.files.erase(folder);
  return Ok();
}

Status MemoryFiles::RemoveTree(const std::string& folder) {
  PW_TRY(MemoryParts::Fault(host, "files.remove-tree"));
  const std::string prefix = folder + "/";
  std::erase_if(host.files, [&](const auto& entry) {
    return entry.first == folder || entry.first.compare(0, prefix.size(), prefix) == 0;
  });
  MemoryParts::Effect(host, "files.remove-tree " + folder);
  return Ok();
}

// ---- packages ----

Result<std::map<std::string, std::string>> MemoryPackages::Installed(const std::vector<std::string>& names) {
  PW_TRY(MemoryParts::Fault(host, "packages.installed"));
  std::map<std::string, std::string> found;
  for (const auto& name : names) {
    if (const auto at = host.packages.find(name); at != host.packages.end()) found.insert(*at);
  }
  return found;
}

Status MemoryPackages::Install(const std::string& name, const std::string& version) {
  PW_TRY(MemoryParts::Fault(host, "packages.install"));
  const auto found = host.available.find(name);
  if (found == host.available.end() || (!version.empty() && !found->second.contains(version))) {
    return NotFound("no source has the package " + name + (version.empty() ? "" : " in version " + version));
  }
  host.packages[name] = version.empty() ? *found->second.rbegin() : version;
  MemoryParts::Effect(host, "packages.install " + name);
  return Ok();
}

Status MemoryPackages::Remove(const std::string& name) {
  PW_TRY(MemoryParts::Fault(host, "packages.remove"));
  host.packages.erase(name);
  MemoryParts::Effect(host, "packages.remove " + name);
  return Ok();
}

// ---- units ----

Result<MemoryHost::Unit*> MemoryUnits::Loaded(const std::string& unit) {
  if (!InterfaceOfUnit(unit).empty() && host.packages.contains("wireguard-tools")) {
    host.units.try_emplace(unit, MemoryHost::Unit{{"loaded", "inactive", "disabled", "", 0, 0}});
  }
  const auto found = host.units.find(unit);
  if (found == host.units.end()) return NotFound("Unit " + unit + " not found.");
  return &found->second;
}

Status MemoryUnits::Run(const std::string& name, MemoryHost::Unit& unit) {
  unit.state.invocation_id = "invocation-" + std::to_string(MemoryParts::Next(host));
  unit.state.active_state = unit.fails_to_start ? "failed" : "active";
  unit.state.started_us = unit.state.stopped_us + 1'000'000;
  if (!unit.fails_to_start) MemoryParts::MeshStarted(host, name);
  if (unit.fails_to_start) return Internal("Job for " + name + " failed because the control process exited");
  return Ok();
}

Result<std::map<std::string, UnitState>> MemoryUnits::Show(const std::vector<std::string>& names) {
  PW_TRY(MemoryParts::Fault(host, "units.show"));
  std::map<std::string, UnitState> found;
  for (const auto& name : names) {
    const auto at = host.units.find(name);
    if (at == host.units.end()) {
      found[name].load_state = "not-found";
      found[name].active_state = "inactive";
    } else {
      found[name] = at->second.state;
    }
  }
  return found;
}

std::string MemoryUnits::Stamp(const std::vector<std::string>& names) {
  std::string stamp;
  for (const auto& name : names) {
    const auto at = host.units.find(name);
    const bool runs = at != host.units.end() && at->second.state.Active();
    if (runs) stamp += at->second.state.invocation_id;
    stamp += ';';
  }
  return stamp;
}

Status MemoryUnits::SetEnabled(const std::string& unit, bool enabled) {
  PW_TRY(MemoryParts::Fault(host, "units.enable"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  found->state.unit_file_state = enabled ? "enabled" : "disabled";
  MemoryParts::Effect(host, std::string(enabled ? "units.enable " : "units.disable ") + unit);
  return Ok();
}

Status MemoryUnits::Start(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.start"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  if (found->state.Active()) return Ok();
  MemoryParts::Effect(host, "units.start " + unit);
  return Run(unit, *found);
}

Status MemoryUnits::Stop(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.stop"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  found->state.active_state = "inactive";
  host.wireguard.erase(InterfaceOfUnit(unit));
  MemoryParts::Effect(host, "units.stop " + unit);
  return Ok();
}

Status MemoryUnits::Reload(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.reload"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  if (!found->state.Active()) return FailedPrecondition(unit + " is not active, cannot reload.");
  if (!found->can_reload) return FailedPrecondition("Job type reload is not applicable for unit " + unit + ".");
  MemoryParts::Effect(host, "units.reload " + unit);
  return Ok();
}

Status MemoryUnits::Restart(const std::string& unit) {
  PW_TRY(MemoryParts::Fault(host, "units.restart"));
  PW_ASSIGN(MemoryHost::Unit * found, Loaded(unit));
  MemoryParts::Effect(host, "units.restart " + unit);
  found->state.stopped_us = found->state.started_us + 60'000'000;
  return Run(unit, *found);
}

Status MemoryUnits::DaemonReload() {
  MemoryParts::Effect(host, "units.daemon-reload");
  return Ok();
}

Status MemoryUnits::ArmTimer(const std::string& name, std::chrono::milliseconds delay,
                             const std::vector<std::string>& argv) {
  PW_TRY(MemoryParts::Fault(host, "units.arm"));
  host.timers[name] = {delay, argv};
  return Ok();
}

Status MemoryUnits::DisarmTimer(const std::string& name) {
  PW_TRY(MemoryParts::Fault(host, "units.disarm"));
  host.timers.erase(name);
  return Ok();
}

Result<bool> MemoryUnits::TimerPending(const std::string& name) {
  return host.timers.contains(name);
}

// ---- users ----

Result<std::map<std::string, UserState>> MemoryUsers::Find(const std::vector<std::string>& names) {
  PW_TRY(MemoryParts::Fault(host, "users.find"));
  std::map<std::string, UserState> found;
  for (const auto& name : names) {
    if (const auto at = host.users.find(name); at != host.users.end()) found.insert(*at);
  }
  return found;
}

Status MemoryUsers::CheckGroups(const UserWish& wish) const {
  for (const auto& group : wish.groups) {
    if (!host.groups.contains(group)) return FailedPrecondition("group '" + group + "' does not exist");
  }
  return Ok();
}

Status MemoryUsers::Add(const std::string& name, const UserWish& wish) {
  PW_TRY(MemoryParts::Fault(host, "users.add"));
  PW_TRY(CheckGroups(wish));
  UserState state;
  state.uid = 1000 + static_cast<std::uint32_t>(MemoryParts::Next(host));
  state.primary_group = name;
  state.home = wish.home;
  state.shell = wish.shell;
  state.groups = wish.groups;
  std::sort(state.groups.begin(), state.groups.end());
  host.users[name] = state;
  host.groups.insert(name);
  if (!wish.system) {
    host.files[wish.home] = {FileType::kDirectory, "", {0700, name, name}, 0};
  }
  MemoryParts::Effect(host, "users.add " + name);
  return Ok();
}

Status MemoryUsers::Modify(const std::string& name, const UserWish& wish) {
  PW_TRY(MemoryParts::Fault(host, "users.modify"));
  PW_TRY(CheckGroups(wish));
  const auto found = host.users.find(name);
  if (found == host.users.end()) return NotFound("user '" + name + "' does not exist");
  found->second.home = wish.home;
  found->second.shell = wish.shell;
  found->second.groups = wish.groups;
  std::sort(found->second.groups.begin(), found->second.groups.end());
  MemoryParts::Effect(host, "users.modify " + name);
  return Ok();
}

Status MemoryUsers::Remove(const std::string& name) {
  PW_TRY(MemoryParts::Fault(host, "users.remove"));
  host.users.erase(name);
  MemoryParts::Effect(host, "users.remove " + name);
  return Ok();
}

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

namespace {

std::string MemoryPublicKey(const std::string& private_key) {
  return Base64Encode(Sha256(private_key).View());
}

// What `wg` takes of a configuration; handshakes of peers that stay are kept.
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

}  // namespace

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
