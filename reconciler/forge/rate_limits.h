// What an answer says about limits of requests: how long to send nothing.
//
// GitHub: 403 or 429 with retry-after (secondary limits), or with x-ratelimit-remaining: 0 and x-ratelimit-reset
// (seconds since 1970); a secondary limit may come with words alone, then a minute and more each time
// (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api). GitLab: 429 with Retry-After or
// RateLimit-Reset (docs.gitlab.com/security/rate_limits). Others, and proxies before them: 429 or 503 with Retry-After.
//
// Pure.
#pragma once

#include <chrono>
#include <optional>

#include "core/clock.h"
#include "reconciler/forge/transport.h"

namespace podwright::forge {

struct LimitAsked {
  bool refused = false;  // the request was not carried out
  std::chrono::milliseconds wait{0};
};

// Nothing: no limit is reached. `now` counts where the answer has no date of its own; `refusals`: how many came one
// after the other before this one.
std::optional<LimitAsked> LimitOf(const HttpAnswer& answer, WallTime now, unsigned refusals);

}  // namespace podwright::forge
