// Whether a call comes from who knows the source's webhook secret, and was not seen before. Pure but for the memory of
// what was seen.
//
// A forge signs the body (github, gitea), shows the secret (gitlab), or signs time and body (generic). A call only ever
// wakes a source; so what an attacker could win with a repetition is one more fetch, and that is refused, too.
//
// Threading: one thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace podwright::sources {

struct WebhookCall {
  std::function<std::string(const std::string& name)> header;  // "": there is none
  std::string_view body;
};

inline constexpr std::size_t kMaxWebhookBytes = std::size_t{2} << 20;
inline constexpr std::chrono::minutes kWebhookWindow{5};

// `type` as GitSourceWebhook.type has it. Nothing about the secret can be learned from how long it takes.
bool IsAuthentic(std::string_view type, std::string_view secret, const WebhookCall& call, WallTime now);

// Remembers the newest calls.
class ReplayGuard {
 public:
  // False: it was seen before.
  bool IsNew(const WebhookCall& call);

 private:
  std::set<std::string> seen_;
  std::deque<std::string> order_;
};

}  // namespace podwright::sources
