// Timeouts: how long operations may take, which the user may set in `timeouts`.
//
//   schema.timeouts = Timeouts{.create = std::chrono::minutes(20), .remove = std::chrono::minutes(5)};
//
//   timeouts = { create = "1h" }
//
// The SDK adds the setting to the schema, keeps it in the state, and cancels the operation's token when the time is
// over; token.reason() is then kTimeout. A change of nothing but timeouts reaches no author.
#pragma once

#include <chrono>
#include <optional>

namespace podwright::sdk {

struct Timeouts {
  // The default of each; what has none has no setting either, and no limit. Data sources have only `read`.
  std::optional<std::chrono::nanoseconds> create{};
  std::optional<std::chrono::nanoseconds> read{};
  std::optional<std::chrono::nanoseconds> update{};
  std::optional<std::chrono::nanoseconds> remove{};  // `delete`
  bool block = false;                                // written `timeouts { … }`, as older providers have it
};

}  // namespace podwright::sdk
