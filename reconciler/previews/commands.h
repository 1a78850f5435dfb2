// What people tell us in comments: a line of its own that says `podwright plan` or `podwright approve`. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace podwright::previews {

enum class Verb { kPlan, kApprove };

struct Command {
  Verb verb = Verb::kPlan;
  std::string argument;  // digits of a head or of a digest, in small letters; "": none
};

// The first command in a comment. Quotes and code blocks are what somebody else said.
std::optional<Command> ParseCommand(std::string_view body);

}  // namespace podwright::previews
