#include "agent/drivers/cache/opinions.h"

#include <charconv>

namespace podwright::drivers::cache {
namespace {

constexpr std::chrono::milliseconds kSentinelLimit{1000};

std::int64_t Number(std::string_view text, std::int64_t otherwise) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end != text.data() ? value : otherwise;
}

}  // namespace

Verdict AskSentinels(host::Redis& redis, const std::string& cache, const std::vector<std::string>& sentinels,
                     std::int64_t port) {
  Verdict verdict;
  verdict.asked = sentinels.size();
  for (const std::string& address : sentinels) {
    host::RedisTarget target{address, port, "", {}, kSentinelLimit};
    const auto replies =
        redis.Run(target, {{"SENTINEL", "MASTER", cache}, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", cache}});
    if (!replies.ok() || replies->size() != 2 || replies->at(1).items.size() != 2) continue;
    ++verdict.answered;
    const std::int64_t epoch = Number(replies->at(0).Field("config-epoch"), 0);
    if (verdict.primary.empty() || epoch > verdict.epoch) {
      verdict.primary = replies->at(1).items.at(0).text;
      verdict.epoch = epoch;
    }
  }
  return verdict;
}

Info ParseInfo(const std::string& text) {
  Info info;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line(text.data() + at, end - at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) info[std::string(line.substr(0, colon))] = line.substr(colon + 1);
    at = end + 1;
  }
  return info;
}

std::int64_t NumberOf(const Info& info, const std::string& name, std::int64_t otherwise) {
  const auto found = info.find(name);
  return found == info.end() ? otherwise : Number(found->second, otherwise);
}

std::string TextOf(const Info& info, const std::string& name) {
  const auto found = info.find(name);
  return found == info.end() ? "" : found->second;
}

Result<Info> AskRedis(host::Redis& redis, const host::RedisTarget& target) {
  PW_ASSIGN(const auto replies, redis.Run(target, {{"INFO"}}));
  return ParseInfo(replies.at(0).text);
}

std::int64_t KeysOf(const Info& info) {
  std::int64_t keys = 0;
  for (const auto& [name, value] : info) {
    if (name.rfind("db", 0) == 0 && value.rfind("keys=", 0) == 0) keys += Number(std::string_view(value).substr(5), 0);
  }
  return keys;
}

}  // namespace podwright::drivers::cache
