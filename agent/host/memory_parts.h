// The parts of a server in memory: what memory_host.h hands out behind the host's interfaces. Internal to it.
//
// Threading: that of MemoryHost. Every part changes the host's public maps, may be told to fail (Fault), and writes
// down what it did (Effect).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/host/memory_host.h"

namespace podwright::host {

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

// "pw-prod" of "wg-quick@pw-prod.service", else "".
std::string InterfaceOfUnit(const std::string& unit);
// What the configuration of a WireGuard interface makes of it; handshakes of peers that stay are kept.
WireguardDevice DeviceOf(const std::string& configuration, const WireguardDevice& before);

}  // namespace podwright::host
