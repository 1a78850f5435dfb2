// Who the primary is, as the Sentinels and the members say it. Threading: the caller's. Ownership: refers to what the
// caller keeps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host/redis.h"

namespace podwright::drivers::cache {

// What the Sentinels that answered believe; of different opinions the one with the highest epoch.
struct Verdict {
  std::size_t asked = 0;
  std::size_t answered = 0;
  std::string primary;  // an address; "": none answered
  std::int64_t epoch = 0;
  bool Majority() const { return answered * 2 > asked; }
};
Verdict AskSentinels(host::Redis& redis, const std::string& cache, const std::vector<std::string>& sentinels,
                     std::int64_t port);

// INFO as names and values.
using Info = std::map<std::string, std::string>;
Info ParseInfo(const std::string& text);
std::int64_t NumberOf(const Info& info, const std::string& name, std::int64_t otherwise = 0);
std::string TextOf(const Info& info, const std::string& name);
// What one Redis says of itself. Unavailable: it does not answer.
Result<Info> AskRedis(host::Redis& redis, const host::RedisTarget& target);
// How many keys it holds.
std::int64_t KeysOf(const Info& info);

}  // namespace podwright::drivers::cache
