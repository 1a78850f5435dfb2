// A server in memory, for tests: the same rules as a real one, faults on demand, every effect counted.
// Threading: one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/host/host.h"

namespace podwright::host {

struct MemoryParts;

class MemoryHost {
 public:
  struct File {
    FileType type = FileType::kFile;
    std::string content;
    FileAttributes attributes;
    std::uint64_t version = 0;
  };
  struct Unit {
    UnitState state;
    bool fails_to_start = false;
    bool can_reload = true;
  };
  struct Timer {
    std::chrono::milliseconds delay{};
    std::vector<std::string> argv;
  };

  MemoryHost();
  ~MemoryHost();
  MemoryHost(const MemoryHost&) = delete;
  MemoryHost& operator=(const MemoryHost&) = delete;
  Host View();

  // The next `times` calls of `operation` ("files.write", "packages.install", …) fail with `error`.
  void Fail(const std::string& operation, Error error, int times = 1);
  // How often an operation that changes the server was done: "units.restart nginx.service".
  int Count(const std::string& effect) const;
  const std::vector<std::string>& Effects() const { return effects_; }
  // A restart of the machine: services that are enabled run again, the firewall is gone.
  void Reboot();
  // What systemd does when an armed timer elapses.
  void FireTimer(const std::string& name);

  // The server itself: tests set it up and look at it here.
  std::map<std::string, File> files;
  std::map<std::string, std::string> packages;             // installed
  std::map<std::string, std::set<std::string>> available;  // versions by name, the newest last
  std::map<std::string, Unit> units;
  std::map<std::string, UserState> users;
  std::set<std::string> groups;
  std::map<std::string, std::string> sysctls;
  std::optional<kinds::FirewallTable> firewall;
  std::map<std::string, std::string> tables;                             // further nftables tables: their text, by name
  std::map<std::string, WireguardDevice> wireguard;                      // interfaces that are up
  std::set<std::string> handshakes;                                      // public keys of peers that answer
  std::map<std::string, std::string> interfaces{{"192.0.2.1", "eth0"}};  // by address
  std::map<std::string, Timer> timers;
  // What a program answers; unset: there are no programs. Every run is an effect, "programs.run ARGV".
  std::function<Result<ProcessResult>(const ProcessRequest& request)> program;
  // What is answered on a Unix socket; unset: nobody listens.
  std::function<Result<std::string>(const std::string& path, std::string_view request)> socket;
  std::map<std::string, std::string> capabilities;
  std::string boot_id = "boot-1";
  // Answers for every Redis and Sentinel that can be reached; none: nobody is there.
  std::function<Result<std::vector<RedisReply>>(const RedisTarget&, const std::vector<RedisCommand>&)> redis;
  std::function<void(std::chrono::milliseconds)> redis_waits;

 private:
  friend struct MemoryParts;
  Status Fault(const std::string& operation);
  void MeshStarted(const std::string& unit);
  void Effect(std::string effect) { effects_.push_back(std::move(effect)); }

  std::map<std::string, std::deque<Error>> faults_;
  std::vector<std::string> effects_;
  std::uint64_t counter_ = 0;
  std::unique_ptr<MemoryParts> parts_;
};

}  // namespace podwright::host
