#include "agent/drivers/cache/configuration.h"

#include <algorithm>
#include <sstream>

#include "kinds/cache/cache_form.h"

namespace podwright::drivers::cache {
namespace {

using v1::kinds::CacheKept;
using v1::kinds::CacheTopology;

constexpr char kNotice[] = "# Made by Podwright for the cache ";

Addresses Resolve(const google::protobuf::Map<std::string, std::string>& servers, const CacheKept& kept) {
  Addresses out;
  for (const auto& [name, address] : servers) {
    const auto bound = kept.addresses().find(name);
    out[name] = !address.empty() || bound == kept.addresses().end() ? address : bound->second;
  }
  return out;
}

std::string Bind(const CacheTopology& topology, const std::string& own) {
  return topology.mesh_interface().empty() ? "bind * -::*\n" : "bind " + own + " 127.0.0.1\n";
}

std::string After(const CacheTopology& topology) {
  std::string out = "After=network-online.target\nWants=network-online.target\n";
  if (!topology.mesh_interface().empty()) out += "After=wg-quick@" + topology.mesh_interface() + ".service\n";
  return out;
}

std::string ServiceText(const std::string& what, const CacheTopology& topology, const std::string& pre,
                        const std::string& command) {
  return "# Made by Podwright.\n[Unit]\nDescription=" + what + "\n" + After(topology) +
         "StartLimitIntervalSec=0\n\n[Service]\nType=notify\n" + pre + "ExecStart=" + command +
         "\nRestart=always\nRestartSec=1s\nTimeoutStartSec=infinity\nTimeoutStopSec=120s\nUser=redis\nGroup=redis\n"
         "UMask=0077\nLimitNOFILE=65535\nNoNewPrivileges=true\nCapabilityBoundingSet=\nRestrictSUIDSGID=true\n"
         "LockPersonality=true\nMemoryDenyWriteExecute=true\nRestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n\n"
         "[Install]\nWantedBy=multi-user.target\n";
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

Paths::Paths(const std::string& cache)
    : folder("/etc/podwright/cache/" + cache),
      settings(folder + "/settings.conf"),
      auth(folder + "/auth.conf"),
      users(folder + "/users.acl"),
      gate(folder + "/gate"),
      base("/var/lib/redis/" + cache),
      data(base + "/data"),
      conf_folder(base + "/conf"),
      conf(conf_folder + "/redis.conf"),
      order(conf_folder + "/order"),
      sentinel_folder(base + "/sentinel"),
      sentinel_conf(sentinel_folder + "/sentinel.conf"),
      unit("podwright-cache@" + cache + ".service"),
      sentinel_unit("podwright-sentinel@" + cache + ".service") {}

std::string UnitPath(const std::string& unit) {
  return "/etc/systemd/system/" + unit;
}

Addresses MemberAddresses(const CacheTopology& topology, const CacheKept& kept) {
  return Resolve(topology.members(), kept);
}
Addresses SentinelAddresses(const CacheTopology& topology, const CacheKept& kept) {
  return Resolve(topology.sentinels(), kept);
}

std::vector<std::pair<std::string, std::string>> LiveSettings(const CacheKept& kept) {
  const auto& member = kept.member();
  const std::string own = MemberAddresses(member.topology(), kept)[member.self()];
  return {
      {"maxmemory", std::to_string(member.memory())},
      {"maxmemory-policy", member.eviction()},
      {"appendonly", member.persistence() == "aof" ? "yes" : "no"},
      {"save", member.persistence() == "rdb" ? "3600 1 300 100 60 10000" : ""},
      {"min-replicas-to-write", std::to_string(member.min_replicas())},
      {"min-replicas-max-lag", std::to_string(member.max_lag_s() == 0 ? 10 : member.max_lag_s())},
      {"replica-announce-ip", own},
      {"replica-announce-port", std::to_string(member.topology().port())},
      {"masteruser", kinds::kCacheUser},
  };
}

std::string SettingsText(const std::string& cache, const CacheKept& kept) {
  const Paths paths(cache);
  const auto& member = kept.member();
  std::string out = kNotice + cache + ": changes are taken back.\n";
  out += Bind(member.topology(), MemberAddresses(member.topology(), kept)[member.self()]);
  out += "port " + std::to_string(member.topology().port()) + "\nprotected-mode no\nsupervised systemd\nlogfile \"\"\n";
  out += "dir " + paths.data + "\naclfile " + paths.users + "\nappendfsync everysec\nrepl-backlog-size 16mb\n";
  out += "repl-diskless-sync-delay 0\n";
  for (const auto& [name, value] : LiveSettings(kept)) out += name + " " + (value.empty() ? "\"\"" : value) + "\n";
  return out;
}

std::string AuthText(std::string_view password) {
  return "masterauth \"" + std::string(password) + "\"\n";
}

std::string PasswordOfAuthText(const std::string& text) {
  const auto begin = text.find('"');
  const auto end = text.rfind('"');
  return begin == std::string::npos || end <= begin ? "" : text.substr(begin + 1, end - begin - 1);
}

std::string UnitText(const std::string& cache, const CacheKept& kept) {
  return ServiceText("Redis of the cache " + cache, kept.member().topology(),
                     "# Which role it starts with: nobody becomes the primary by a restart.\n"
                     "ExecStartPre=+/usr/bin/env podwright-agent cache-gate " +
                         cache + "\n",
                     "/usr/bin/redis-server " + Paths(cache).conf);
}

std::vector<std::string> UserWords(const v1::kinds::CacheUserWish& user, const std::string& verifier) {
  std::vector<std::string> words = {"on", "#" + verifier};
  for (const std::string& key : user.keys()) words.push_back("~" + key);
  if (user.keys().empty()) words.emplace_back("~*");
  for (const std::string& channel : user.channels()) words.push_back("&" + channel);
  if (user.channels().empty()) words.emplace_back("&*");
  words.insert(words.end(), user.commands().begin(), user.commands().end());
  if (user.commands().empty()) words.insert(words.end(), {"+@all", "-@admin"});
  return words;
}

std::map<std::string, std::vector<std::string>> AllUsers(const CacheKept& kept, const std::string& own_verifier) {
  std::map<std::string, std::vector<std::string>> users;
  users["default"] = {"off"};
  for (const auto& [name, user] : kept.users().users()) {
    const auto verifier = kept.verifiers().find(name);
    if (verifier != kept.verifiers().end()) users[name] = UserWords(user, verifier->second);
  }
  users[kinds::kCacheUser] = {"on", "#" + own_verifier, "~*", "&*", "+@all"};
  return users;
}

std::string UsersText(const std::map<std::string, std::vector<std::string>>& users) {
  std::string out;
  for (const auto& [name, words] : users) out += "user " + name + " " + Joined(words) + "\n";
  return out;
}

std::string SentinelText(const std::string& cache, const CacheKept& kept, const std::string& primary,
                         std::string_view password, const std::string& own_verifier) {
  const auto& sentinel = kept.sentinel();
  const std::string own = SentinelAddresses(sentinel.topology(), kept)[sentinel.self()];
  const std::string secret = "\"" + std::string(password) + "\"\n";
  std::string out = Bind(sentinel.topology(), own);
  out += "port " + std::to_string(sentinel.topology().sentinel_port()) + "\nprotected-mode no\nsupervised systemd\n";
  out += "logfile \"\"\ndir " + Paths(cache).sentinel_folder + "\n";
  // Whoever asks who the primary is needs no password, and can do nothing else.
  out +=
      "user default on nopass resetkeys &* -@all +@connection +info +role +subscribe +psubscribe +unsubscribe "
      "+punsubscribe +sentinel|get-master-addr-by-name +sentinel|master +sentinel|masters +sentinel|myid "
      "+sentinel|replicas +sentinel|sentinels\n";
  out += std::string("user ") + kinds::kCacheUser + " on #" + own_verifier + " ~* &* +@all\n";
  out += "sentinel announce-ip " + own + "\nsentinel announce-port " +
         std::to_string(sentinel.topology().sentinel_port()) + "\n";
  out += std::string("sentinel sentinel-user ") + kinds::kCacheUser + "\nsentinel sentinel-pass " + secret;
  out += "sentinel monitor " + cache + " " + primary + " " + std::to_string(sentinel.topology().port()) + " " +
         std::to_string(sentinel.quorum()) + "\n";
  out += "sentinel auth-user " + cache + " " + kinds::kCacheUser + "\nsentinel auth-pass " + cache + " " + secret;
  out += "sentinel down-after-milliseconds " + cache + " " + std::to_string(sentinel.down_after_ms()) + "\n";
  out += "sentinel failover-timeout " + cache + " " + std::to_string(sentinel.failover_timeout_ms()) + "\n";
  return out;
}

std::string SentinelUnitText(const std::string& cache, const CacheKept& kept) {
  return ServiceText("Sentinel of the cache " + cache, kept.sentinel().topology(), "",
                     "/usr/bin/redis-sentinel " + Paths(cache).sentinel_conf);
}

std::string GateText(const CacheKept& kept) {
  const auto& member = kept.member();
  std::string out = "# Made by Podwright: what Redis's role is asked of before it starts.\n";
  for (const auto& [name, address] : MemberAddresses(member.topology(), kept)) {
    out += (name == member.self() ? "self " : "member ") + address + "\n";
  }
  for (const auto& [name, address] : SentinelAddresses(member.topology(), kept)) out += "sentinel " + address + "\n";
  out += "port " + std::to_string(member.topology().port()) + "\n";
  out += "sentinel-port " + std::to_string(member.topology().sentinel_port()) + "\n";
  if (member.persistence() == "aof") out += "appends yes\n";
  if (member.persistence() != "none") out += "persists yes\n";
  return out;
}

Result<Gate> ParseGate(const std::string& text) {
  Gate gate;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string key;
    std::string value;
    words >> key >> value;
    if (key == "self") gate.self = value;
    if (key == "member") gate.others.push_back(value);
    if (key == "sentinel") gate.sentinels.push_back(value);
    if (key == "appends") gate.appends = value == "yes";
    if (key == "persists") gate.persists = value == "yes";
    if (key == "port" || key == "sentinel-port") {
      std::int64_t number = 0;
      std::istringstream(value) >> number;
      (key == "port" ? gate.port : gate.sentinel_port) = number;
    }
  }
  if (!IsAddress(gate.self) || gate.port <= 0)
    return FailedPrecondition("the file `gate` of the cache says no address or port");
  return gate;
}

bool IsAddress(const std::string& text) {
  return !text.empty() && text.size() <= 45 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':';
  });
}

}  // namespace podwright::drivers::cache
