// A Redis cluster with Sentinels in memory, for tests of the cache's driver: enough of Redis to tell a right order of
// commands from a wrong one. One thread. Time passes by Wait only.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/host/memory_host.h"

namespace podwright::drivers::cache {

class FakeRedis {
 public:
  struct Server {
    bool up = true;
    std::string follows;  // an address; "": a primary
    bool linked = true;
    std::int64_t down_since = -1;
    std::int64_t offset = 100;
    std::int64_t keys = 0;
    bool paused = false;
    int writes_lost = 0;  // taken after the other one became the primary
    std::map<std::string, std::string> config = {{"replica-priority", "100"}};
    std::map<std::string, std::string> users = {{"default", "off"}};
    std::vector<std::string> commands;  // the first words of each
  };
  struct Sentinel {
    bool up = true;
    std::string primary;
    std::int64_t epoch = 1;
    std::map<std::string, std::string> settings;
    std::vector<std::string> replicas;
    std::vector<std::string> sentinels;
    bool promotes = true;
  };

  std::map<std::string, Server> servers;      // by address, port 6379
  std::map<std::string, Sentinel> sentinels;  // by address, port 26379
  std::string here;                           // whose loopback it is
  std::string password = "internal";
  std::chrono::milliseconds passed{0};
  std::function<void()> each_wait;

  void AttachTo(host::MemoryHost& host) {
    host.redis = [this](const host::RedisTarget& target, const std::vector<host::RedisCommand>& commands) {
      return Run(target, commands);
    };
    host.redis_waits = [this](std::chrono::milliseconds span) {
      passed += span;
      for (auto& [address, server] : servers) {
        // A replica gets what its primary has.
        if (!server.follows.empty() && servers[server.follows].up) server.offset = servers[server.follows].offset;
      }
      if (each_wait) each_wait();
    };
  }

  Result<std::vector<host::RedisReply>> Run(const host::RedisTarget& target,
                                            const std::vector<host::RedisCommand>& commands) {
    const std::string address = target.address == "127.0.0.1" ? here : target.address;
    const bool sentinel = target.port == 26379;
    const bool up = sentinel ? sentinels.contains(address) && sentinels[address].up
                             : servers.contains(address) && servers[address].up;
    if (!up) return Unavailable("nobody answers at " + address);
    if (!target.user.empty() && target.password != password) return FailedPrecondition("WRONGPASS");
    std::vector<host::RedisReply> replies;
    for (const auto& command : commands) {
      PW_ASSIGN(auto reply, sentinel ? Ask(sentinels[address], command) : Tell(address, servers[address], command));
      replies.push_back(std::move(reply));
    }
    return replies;
  }

 private:
  static host::RedisReply Text(const std::string& text) { return {host::RedisReply::Type::kText, text, 0, {}}; }
  static host::RedisReply List(const std::vector<std::string>& words) {
    host::RedisReply out;
    out.type = host::RedisReply::Type::kList;
    for (const std::string& word : words) out.items.push_back(Text(word));
    return out;
  }

  static std::string InfoOf(const Server& server) {
    const std::string offset = std::to_string(server.offset);
    std::string out = "# Replication\r\n";
    if (server.follows.empty()) {
      out += "role:master\r\nmaster_repl_offset:" + offset + "\r\n";
    } else {
      out += "role:slave\r\nmaster_host:" + server.follows + "\r\nmaster_port:6379\r\nslave_repl_offset:" + offset +
             "\r\nmaster_link_status:" + (server.linked ? "up" : "down") + "\r\n";
      if (!server.linked) out += "master_link_down_since_seconds:" + std::to_string(server.down_since) + "\r\n";
    }
    if (server.keys > 0) out += "db0:keys=" + std::to_string(server.keys) + ",expires=0\r\n";
    return out + "used_memory:1000\r\nconnected_clients:2\r\nredis_version:7.0.15\r\n";
  }

  Result<host::RedisReply> Tell(const std::string& address, Server& server, const host::RedisCommand& command) {
    server.commands.push_back(command.front() + (command.size() > 1 ? " " + command[1] : ""));
    const std::string& verb = server.commands.back();
    if (command.front() == "INFO") return Text(InfoOf(server));
    if (verb == "CONFIG GET") {
      std::vector<std::string> words;
      for (std::size_t i = 2; i < command.size(); ++i) {
        words.push_back(command[i]);
        words.push_back(server.config[command[i]]);
      }
      return List(words);
    }
    if (verb == "CONFIG SET") {
      for (std::size_t i = 2; i + 1 < command.size(); i += 2) server.config[command[i]] = command[i + 1];
    }
    if (verb == "ACL LIST" || verb == "ACL USERS") {
      std::vector<std::string> words;
      for (const auto& [name, rules] : server.users) {
        words.push_back(verb == "ACL USERS" ? name : "user " + name + " " + rules);
      }
      return List(words);
    }
    if (verb == "ACL SETUSER") {
      std::string rules;
      for (std::size_t i = 4; i < command.size(); ++i) rules += command[i] + " ";
      if (rules.find("+nonsense") != std::string::npos) return FailedPrecondition("ERR Unknown command");
      server.users[command[2]] = rules;
    }
    if (verb == "ACL DELUSER") server.users.erase(command[2]);
    if (verb == "CLIENT PAUSE") server.paused = true;
    if (verb == "CLIENT UNPAUSE") server.paused = false;
    if (command.front() == "REPLICAOF") {
      server.follows = command[1] == "NO" ? "" : command[1];
      server.linked = true;
    }
    static_cast<void>(address);
    return Text("OK");
  }

  Result<host::RedisReply> Ask(Sentinel& sentinel, const host::RedisCommand& command) {
    if (command.front() == "PING") return Text("PONG");
    const std::string& verb = command.at(1);
    if (sentinel.primary.empty() && verb != "MONITOR") return FailedPrecondition("ERR No such master with that name");
    if (verb == "GET-MASTER-ADDR-BY-NAME") return List({sentinel.primary, "6379"});
    if (verb == "MASTER") {
      std::vector<std::string> words = {"config-epoch", std::to_string(sentinel.epoch), "flags", "master"};
      for (const auto& [name, value] : sentinel.settings) words.insert(words.end(), {name, value});
      return List(words);
    }
    if (verb == "SET") sentinel.settings[command.at(3)] = command.at(4);
    if (verb == "MONITOR") sentinel.primary = command.at(3);
    if (verb == "CKQUORUM") return Text("OK 3 usable Sentinels");
    if (verb == "RESET") {
      std::erase_if(sentinel.replicas, [&](const std::string& one) { return !servers.contains(one); });
      std::erase_if(sentinel.sentinels, [&](const std::string& one) { return !sentinels.contains(one); });
    }
    if (verb == "REPLICAS" || verb == "SENTINELS") {
      host::RedisReply out;
      out.type = host::RedisReply::Type::kList;
      for (const std::string& one : verb == "REPLICAS" ? sentinel.replicas : sentinel.sentinels) {
        const auto known = servers.find(one);
        const std::string priority = known == servers.end() ? "100" : known->second.config["replica-priority"];
        out.items.push_back(List({"ip", one, "flags", "slave", "slave-priority", priority}));
      }
      return out;
    }
    if (verb == "FAILOVER" && sentinel.promotes) Promote(sentinel);
    return Text("OK");
  }

  // The replica with the lowest priority; all Sentinels learn it.
  void Promote(const Sentinel& leader) {
    const auto best = std::min_element(
        leader.replicas.begin(), leader.replicas.end(), [&](const std::string& a, const std::string& b) {
          return std::stoi(servers[a].config["replica-priority"]) < std::stoi(servers[b].config["replica-priority"]);
        });
    const std::string old = leader.primary;
    Server& next = servers[*best];
    // What the old one took and this one does not have is lost.
    if (servers[old].up && (!servers[old].paused || servers[old].offset > next.offset)) ++servers[old].writes_lost;
    next.follows.clear();
    for (auto& [address, one] : sentinels) {
      one.primary = *best;
      ++one.epoch;
    }
  }
};

}  // namespace podwright::drivers::cache
