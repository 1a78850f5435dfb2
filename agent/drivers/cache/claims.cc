#include "agent/drivers/cache/claims.h"

#include "kinds/cache/cache_form.h"

namespace podwright::drivers::cache {
namespace {

constexpr std::chrono::milliseconds kLimit{900};

roles::RoleClaim Claim(const Context& context) {
  roles::RoleClaim claim;
  claim.kind = "cache";
  claim.name = context.cache();
  return claim;
}

roles::RoleClaim OfRedis(Context& context) {
  roles::RoleClaim claim = Claim(context);
  auto target = context.Here();
  if (!target.ok()) return claim;
  target->limit = kLimit;
  const auto info = AskRedis(context.env().host.redis, *target);
  if (!info.ok()) return claim;
  const std::int64_t port = context.topology().port();
  if (TextOf(*info, "role") == "master") {
    claim.role = roles::Role::kPrimary;
    const auto& member = context.kept().member();
    claim.primary = kinds::CacheEndpoint(MemberAddresses(member.topology(), context.kept())[member.self()], port);
  } else {
    claim.role = roles::Role::kReplica;
    claim.primary = kinds::CacheEndpoint(TextOf(*info, "master_host"), port);
  }
  return claim;
}

roles::RoleClaim OfSentinel(Context& context) {
  roles::RoleClaim claim = Claim(context);
  const Verdict verdict =
      AskSentinels(context.env().host.redis, context.cache(), {"127.0.0.1"}, context.topology().sentinel_port());
  if (verdict.primary.empty()) return claim;
  claim.role = roles::Role::kWitness;
  claim.epoch = static_cast<std::uint64_t>(verdict.epoch);
  claim.primary = kinds::CacheEndpoint(verdict.primary, context.topology().port());
  return claim;
}

}  // namespace

std::vector<roles::RoleClaim> TellRoles(Context& context) {
  std::vector<roles::RoleClaim> claims;
  if (context.kept().has_member()) claims.push_back(OfRedis(context));
  if (context.kept().has_sentinel()) claims.push_back(OfSentinel(context));
  return claims;
}

}  // namespace podwright::drivers::cache
