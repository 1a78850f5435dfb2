// Redis over TCP. Threading: as the interface says.
#pragma once

#include "agent/host/redis.h"

namespace podwright::host {

class TcpRedis final : public Redis {
 public:
  Result<std::vector<RedisReply>> Run(const RedisTarget& target, const std::vector<RedisCommand>& commands) override;
  void Wait(std::chrono::milliseconds span) override;
};

}  // namespace podwright::host
