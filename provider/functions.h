// The provider's functions, provider::podwright::…: what plans of servers and secrets would else spell out by hand.
//
//   parse_id("shop/web-1")                     → { workspace = "shop", name = "web-1" }
//   firewall_rule("8000-8010/udp", "10.1.2.3") → one rule of `firewall.inbound`, networks in their normal form
//   systemd_unit({ Service = { … } })          → the text of a unit file
//
// Threading: as sdk::Function says.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "provider/sdk/function.h"

namespace podwright::provider {

std::vector<std::unique_ptr<sdk::Function>> Functions();

// "10.1.2.3/8" → "10.0.0.0/8", "10.1.2.3" → "10.1.2.3/32", "2001:DB8::1" → "2001:db8::1/128".
Result<std::string> NormalNetwork(std::string_view text);

}  // namespace podwright::provider
