#include "core/address.h"

#include <charconv>

namespace podwright {

std::string Address::Text() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Result<Address> ParseAddress(std::string_view text, int default_port) {
  const Error bad = InvalidArgument("\"" + std::string(text) + "\" is not HOST:PORT");
  Address address;
  std::string_view port;  // with its colon
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return bad;
    address.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    const bool several = colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos;
    address.host = text.substr(0, several ? std::string_view::npos : colon);
    port = several || colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (address.host.empty() || address.host.find_first_of("/ \t\n[]") != std::string::npos) return bad;
  if (port.empty()) {
    if (default_port < 0) return bad;
    address.port = default_port;
    return address;
  }
  if (!port.starts_with(':')) return bad;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size() || address.port < 0 ||
      address.port > 65535) {
    return bad;
  }
  return address;
}

}  // namespace podwright
