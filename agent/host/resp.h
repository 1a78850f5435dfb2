// The protocol of Redis (RESP 2) as text. What comes is another program's, and bounded. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "agent/host/redis.h"

namespace podwright::host {

std::string EncodeCommand(const RedisCommand& command);

struct ParsedReply {
  RedisReply reply;
  std::size_t size = 0;  // bytes that it took
};

// Nothing: more bytes are needed. Data-loss: what came is no answer of Redis, or too long for one.
Result<std::optional<ParsedReply>> ParseReply(std::string_view bytes);

}  // namespace podwright::host
