#include "reconciler/forge/rate_limits.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <string>

namespace podwright::forge {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLeast{1'000};
constexpr milliseconds kMost{2 * 3'600'000};
constexpr milliseconds kUnsaid{60'000};
constexpr milliseconds kUnsaidMost{15 * 60'000};
// Less than this is no moment but seconds from now, as proxies say it (draft-ietf-httpapi-ratelimit-headers).
constexpr std::int64_t kLeastMoment = 1'000'000'000;

std::optional<std::int64_t> Number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > (std::int64_t{1} << 40)) {
    return std::nullopt;
  }
  return value;
}

// The forge's own clock where it tells it: ours may be off.
std::int64_t ServerSeconds(const HttpAnswer& answer, WallTime now) {
  const time_t date = curl_getdate(answer.header("date").c_str(), nullptr);
  return date > 0 ? static_cast<std::int64_t>(date) : ToUnixMillis(now) / 1000;
}

std::optional<milliseconds> RetryAfter(const HttpAnswer& answer, WallTime now) {
  const std::string& text = answer.header("retry-after");
  if (text.empty()) return std::nullopt;
  if (const auto seconds = Number(text)) return milliseconds(std::min<std::int64_t>(*seconds, 100'000) * 1000);
  const time_t date = curl_getdate(text.c_str(), nullptr);
  if (date <= 0) return std::nullopt;
  return milliseconds((static_cast<std::int64_t>(date) - ServerSeconds(answer, now)) * 1000);
}

std::optional<milliseconds> UntilReset(const HttpAnswer& answer, WallTime now) {
  for (const char* prefix : {"x-ratelimit-", "ratelimit-"}) {
    const auto remaining = Number(answer.header(std::string(prefix) + "remaining"));
    const auto reset = Number(answer.header(std::string(prefix) + "reset"));
    if (!remaining || *remaining != 0 || !reset) continue;
    if (*reset < kLeastMoment) return milliseconds((*reset + 1) * 1000);
    // A second more: the forge rounds.
    return milliseconds((*reset - ServerSeconds(answer, now) + 1) * 1000);
  }
  return std::nullopt;
}

// GitHub says "was submitted too quickly" with 422.
bool SpeaksOfLimits(std::string body) {
  std::transform(body.begin(), body.end(), body.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return body.find("rate limit") != std::string::npos || body.find("abuse detection") != std::string::npos ||
         body.find("submitted too quickly") != std::string::npos;
}

}  // namespace

std::optional<LimitAsked> LimitOf(const HttpAnswer& answer, WallTime now, unsigned refusals) {
  const auto bounded = [](milliseconds wait) { return std::clamp(wait, kLeast, kMost); };
  const auto reset = UntilReset(answer, now);
  const auto after = RetryAfter(answer, now);
  const bool too_quick = answer.status == 422 && SpeaksOfLimits(answer.body.substr(0, 4096));
  if (answer.status != 403 && answer.status != 429 && !too_quick) {
    // "Service unavailable" may name a time, too; whether the request was carried out it does not say.
    if (answer.status == 503 && after) return LimitAsked{false, bounded(*after)};
    if (reset) return LimitAsked{false, bounded(*reset)};
    return std::nullopt;
  }
  if (after) return LimitAsked{true, bounded(*after)};
  if (reset) return LimitAsked{true, bounded(*reset)};
  if (answer.status == 429 || too_quick || SpeaksOfLimits(answer.body.substr(0, 4096))) {
    return LimitAsked{true, std::min(kUnsaidMost, kUnsaid * (1 << std::min(refusals, 4U)))};
  }
  return std::nullopt;
}

}  // namespace podwright::forge
