// The files of a cache on a server: where they are and what stands in them.
//
// /etc/podwright/cache/NAME holds what Podwright owns and repairs: settings.conf, auth.conf (the one with a password,
// 0600), users.acl (SHA-256 of passwords, 0600), and `gate`, what the role check before a start needs to know.
// /var/lib/redis/NAME has the data, and conf/redis.conf and sentinel/sentinel.conf are Redis's and Sentinel's own: they
// rewrite them. The first is made anew by the role check before every start; both are never restored.
//
// Pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/cache.pb.h"

namespace podwright::drivers::cache {

struct Paths {
  explicit Paths(const std::string& cache);
  std::string folder;
  std::string settings;
  std::string auth;
  std::string users;
  std::string gate;
  std::string base;
  std::string data;
  std::string conf_folder;
  std::string conf;
  std::string order;  // what the next start is, whatever anybody says: used up by it
  std::string sentinel_folder;
  std::string sentinel_conf;
  std::string unit;           // "podwright-cache@NAME.service"
  std::string sentinel_unit;  // "podwright-sentinel@NAME.service"
};
std::string UnitPath(const std::string& unit);

// Names and addresses of the topology, those that came bound put in; sorted by name.
using Addresses = std::map<std::string, std::string>;
Addresses MemberAddresses(const v1::kinds::CacheTopology& topology, const v1::kinds::CacheKept& kept);
Addresses SentinelAddresses(const v1::kinds::CacheTopology& topology, const v1::kinds::CacheKept& kept);

// What CONFIG SET takes, and CONFIG GET tells; the same stands in settings.conf.
std::vector<std::pair<std::string, std::string>> LiveSettings(const v1::kinds::CacheKept& kept);
std::string SettingsText(const std::string& cache, const v1::kinds::CacheKept& kept);
std::string AuthText(std::string_view password);
// The password in it; "" where there is none.
std::string PasswordOfAuthText(const std::string& text);
std::string UnitText(const std::string& cache, const v1::kinds::CacheKept& kept);

// The words after the user's name, for the file and for ACL SETUSER.
std::vector<std::string> UserWords(const v1::kinds::CacheUserWish& user, const std::string& verifier);
// By name, Podwright's own and `default` too.
std::map<std::string, std::vector<std::string>> AllUsers(const v1::kinds::CacheKept& kept,
                                                         const std::string& own_verifier);
std::string UsersText(const std::map<std::string, std::vector<std::string>>& users);

std::string SentinelText(const std::string& cache, const v1::kinds::CacheKept& kept, const std::string& primary,
                         std::string_view password, const std::string& own_verifier);
std::string SentinelUnitText(const std::string& cache, const v1::kinds::CacheKept& kept);

// What the role check has to know.
struct Gate {
  std::string self;  // addresses
  std::int64_t port = 0;
  std::int64_t sentinel_port = 0;
  std::vector<std::string> others;
  std::vector<std::string> sentinels;
  bool appends = false;   // the data is in an append-only file
  bool persists = false;  // some data is to be on disk
};
std::string GateText(const v1::kinds::CacheKept& kept);
Result<Gate> ParseGate(const std::string& text);

// An address that can stand in a file and in a command.
bool IsAddress(const std::string& text);

}  // namespace podwright::drivers::cache
