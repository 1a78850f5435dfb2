// What planner and agent have in common of the kind cache: digests of what is set, so that "it is as declared" is one
// comparison, and the packages. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace podwright::v1::kinds {
class CacheMemberAction;
class CacheSentinelAction;
class CacheUsersAction;
}  // namespace podwright::v1::kinds

namespace podwright::kinds {

inline constexpr char kRedisServer[] = "redis-server";
inline constexpr char kRedisSentinel[] = "redis-sentinel";
// Podwright's own user in Redis and Sentinel: replication, Sentinel and the agent.
inline constexpr char kCacheUser[] = "podwright";

// SHA-256 in hex of what is to last: without what counts for the first start only.
std::string CacheMemberDigest(const v1::kinds::CacheMemberAction& action);
std::string CacheSentinelDigest(const v1::kinds::CacheSentinelAction& action);
std::string CacheUsersDigest(const v1::kinds::CacheUsersAction& action);

// "192.0.2.1:6379", "[2001:db8::1]:6379".
std::string CacheEndpoint(const std::string& address, std::int64_t port);

}  // namespace podwright::kinds
