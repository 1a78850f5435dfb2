#include "reconciler/sources/webhook.h"

#include <charconv>
#include <cstdint>

#include "core/digest.h"

namespace podwright::sources {
namespace {

constexpr std::size_t kRemembered = 4096;

bool SignatureHolds(std::string_view shown, std::string_view secret, std::string_view data) {
  return ConstantTimeEquals(shown, HexEncode(HmacSha256(secret, data)));
}

bool HasPrefixedSignature(const std::string& shown, std::string_view secret, std::string_view data) {
  constexpr std::string_view kPrefix = "sha256=";
  if (!shown.starts_with(kPrefix)) return false;
  return SignatureHolds(std::string_view(shown).substr(kPrefix.size()), secret, data);
}

bool IsTimely(const std::string& seconds, WallTime now) {
  std::int64_t then = 0;
  const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), then);
  if (error != std::errc() || end != seconds.data() + seconds.size() || then < 0 || then > (std::int64_t{1} << 40)) {
    return false;
  }
  const std::int64_t off = ToUnixMillis(now) - then * 1000;
  const std::int64_t window = std::chrono::milliseconds(kWebhookWindow).count();
  return off <= window && off >= -window;
}

}  // namespace

bool IsAuthentic(std::string_view type, std::string_view secret, const WebhookCall& call, WallTime now) {
  if (secret.empty()) return false;
  if (type == "github") return HasPrefixedSignature(call.header("X-Hub-Signature-256"), secret, call.body);
  if (type == "gitlab") {
    // Digests, so that lengths do not show either.
    return ConstantTimeEquals(Sha256(call.header("X-Gitlab-Token")).View(), Sha256(secret).View());
  }
  if (type == "gitea") {
    std::string shown = call.header("X-Forgejo-Signature");
    if (shown.empty()) shown = call.header("X-Gitea-Signature");
    return SignatureHolds(shown, secret, call.body);
  }
  const std::string time = call.header("X-Podwright-Timestamp");
  const bool holds =
      HasPrefixedSignature(call.header("X-Podwright-Signature"), secret, time + "." + std::string(call.body));
  return holds && IsTimely(time, now);
}

bool ReplayGuard::IsNew(const WebhookCall& call) {
  // Only what is signed, or the shown secret would be known anyway: headers that nobody signs make nothing new.
  Sha256Hasher hasher;
  hasher.UpdateField(call.header("X-Podwright-Timestamp"));
  hasher.UpdateField(call.body);
  const std::string id(hasher.Finish().View());
  if (!seen_.insert(id).second) return false;
  order_.push_back(id);
  if (order_.size() > kRemembered) {
    seen_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

}  // namespace podwright::sources
