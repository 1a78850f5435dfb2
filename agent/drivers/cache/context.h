// What the parts of the cache's driver share: one object on this server, what is kept of it, and its own password.
//
// One per call of the driver, on one thread; refers to what outlives the call.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/drivers/cache/configuration.h"
#include "agent/drivers/cache/opinions.h"
#include "agent/drivers/driver.h"
#include "agent/drivers/object_state.h"
#include "core/crypto/secret.h"

namespace podwright::drivers::cache {

struct Drift {
  std::string item;  // "service:redis"
  std::string text;  // for people
  std::function<Status()> repair;
};

class Context {
 public:
  Context(Environment& environment, v1::ObjectState& state);

  Environment& env() { return env_; }
  v1::ObjectState& state() { return state_; }
  const std::string& cache() const { return state_.object().name(); }
  const Paths& paths() const { return paths_; }
  v1::kinds::CacheKept& kept() { return kept_; }
  const v1::kinds::CacheKept& kept() const { return kept_; }
  // Puts what is kept into the object's state.
  void Keep();

  // Takes over what came with the action: addresses, and the password as it was sealed.
  Status TakeTopology(const v1::kinds::CacheTopology& topology, const v1::Dispatch& dispatch);
  Status TakePassword(const v1::SecretUse& use, const v1::Dispatch& dispatch);
  // Podwright's own, of this cache.
  Result<std::string_view> Password();
  Result<std::string> OwnVerifier();  // its SHA-256

  const v1::kinds::CacheTopology& topology() const;
  std::vector<std::string> SentinelList() const;
  std::vector<std::string> MemberList() const;
  Result<host::RedisTarget> Redis(const std::string& address);
  Result<host::RedisTarget> Sentinel(const std::string& address);
  Result<host::RedisTarget> Here() { return Redis(Loopback()); }
  Result<host::RedisTarget> SentinelHere() { return Sentinel(Loopback()); }
  Result<std::vector<host::RedisReply>> Run(const Result<host::RedisTarget>& target,
                                            const std::vector<host::RedisCommand>& commands);
  // The Sentinels' word; where none answers, the member that says so of itself. An address; "": nobody knows.
  std::string FindPrimary();

  // A file of Podwright's own; "" where it is not there.
  Result<std::string> ReadText(const std::string& path);
  Result<host::UnitState> Unit(const std::string& unit);
  Status WriteUnit(const std::string& unit, const std::string& text);
  // With the last words of the program itself where it does not come up: systemd knows only that it failed.
  Status StartUnit(const std::string& unit);
  // Stops and takes away what stands there.
  Status RemoveUnit(const std::string& unit);

 private:
  static std::string Loopback() { return "127.0.0.1"; }

  Environment& env_;
  v1::ObjectState& state_;
  const Paths paths_;
  v1::kinds::CacheKept kept_;
  crypto::SecretString password_;
};

}  // namespace podwright::drivers::cache
