#include "agent/host/memory_host.h"

#include <algorithm>

#include "core/digest.h"

namespace podwright::host {
namespace {

std::string ScriptOf(const std::optional<kinds::FirewallTable>& table) {
  std::string script = "# podwright\n";
  if (!table) return script;
  script += table->keep_ssh ? "ssh\n" : "no-ssh\n";
  for (const auto& line : table->lines) {
    script += line.name + " " + line.protocol + " " + std::to_string(line.port) + " " + std::to_string(line.port_end) +
              " " + line.source + "\n";
  }
  return script;
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
  std::map<std::string, std::optional<kinds::FirewallTable>> scripts;
};

struct MemoryFacts final : Facts {
  explicit MemoryFacts(MemoryHost& h) : host(h) {}
  MemoryHost& host;
  std::string BootId() override { return host.boot_id; }
  std::string Hostname() override { return "memory"; }
  std::string OperatingSystem() override { return "debian 12"; }
  std::vector<std::string> Addresses() override { return {"192.0.2.1"}; }
  std::map<std::string, std::string> Capabilities() override { return host.capabilities; }
  std::map<std::string, double> Health() override { return {{"load1", 0.0}}; }
};

struct MemoryParts {
  explicit MemoryParts(MemoryHost& h) : files(h), packages(h), units(h), users(h), sysctls(h), firewall(h), facts(h) {}
  MemoryFiles files;
  MemoryPackages packages;
  MemoryUnits units;
  MemoryUsers users;
  MemorySysctls sysctls;
  MemoryFirewall firewall;
  MemoryFacts facts;

  static Status Fault(MemoryHost& host, const std::string& operation) { return host.Fault(operation); }
  static void Effect(MemoryHost& host, std::string effect) { host.Effect(std::move(effect)); }
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
  const auto found = host.units.find(unit);
  if (found == host.units.end()) return NotFound("Unit " + unit + " not found.");
  return &found->second;
}

Status MemoryUnits::Run(const std::string& name, MemoryHost::Unit& unit) {
  unit.state.invocation_id = "invocation-" + std::to_string(MemoryParts::Next(host));
  unit.state.active_state = unit.fails_to_start ? "failed" : "active";
  unit.state.started_us = unit.state.stopped_us + 1'000'000;
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
    if (at != host.units.end()) stamp += name + at->second.state.active_state + at->second.state.invocation_id;
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
  return {parts_->files,   parts_->packages, parts_->units, parts_->users,
          parts_->sysctls, parts_->firewall, parts_->facts};
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

int MemoryHost::Count(const std::string& effect) const {
  return static_cast<int>(std::count(effects_.begin(), effects_.end(), effect));
}

void MemoryHost::Reboot() {
  firewall.reset();
  timers.clear();
  boot_id = "boot-" + std::to_string(++counter_);
  for (auto& [name, unit] : units) {
    unit.state.active_state = unit.state.Enabled() ? "active" : "inactive";
    unit.state.invocation_id = unit.state.Enabled() ? "invocation-" + std::to_string(++counter_) : "";
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
