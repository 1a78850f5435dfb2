// Redis and Sentinel, here or on another server, by their own protocol: so that no password is ever in an argument
// list or an environment. Threading: any thread; each call has a connection of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::host {

struct RedisReply {
  enum class Type { kText, kInteger, kNull, kList, kError };
  Type type = Type::kNull;
  std::string text;  // of kText and kError
  std::int64_t integer = 0;
  std::vector<RedisReply> items;

  // A list of names and values in turn, as CONFIG GET and Sentinel answer. "" where the name is not there.
  std::string Field(std::string_view name) const;
};

using RedisCommand = std::vector<std::string>;

struct RedisTarget {
  std::string address;  // of the Internet protocol, never a name
  std::int64_t port = 0;
  std::string user;           // "": without logging in
  std::string_view password;  // lives as long as the call
  std::chrono::milliseconds limit{2000};
};

class Redis {
 public:
  virtual ~Redis() = default;
  // The commands in turn over one connection; one answer each. Unavailable: nobody answers there. Failed-precondition
  // with Redis's own words: a command was refused; those before it were done.
  virtual Result<std::vector<RedisReply>> Run(const RedisTarget& target, const std::vector<RedisCommand>& commands) = 0;
  // Lets time pass between two looks.
  virtual void Wait(std::chrono::milliseconds span) = 0;
};

}  // namespace podwright::host
