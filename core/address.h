// HOST:PORT as people write it, and its parts.
//
// Threading: values. Errors: kInvalidArgument, which repeats the text.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright {

struct Address {
  std::string host;  // a name or an address, IPv6 without brackets
  int port = 0;
  std::string Text() const;  // "127.0.0.1:7440", "[::1]:7440"
};

// The port may be left out where `default_port` is not negative. Port 0 is an address to listen on.
Result<Address> ParseAddress(std::string_view text, int default_port);

}  // namespace podwright
