#include "core/enrolment_token.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/digest.h"

namespace podwright {

namespace {

constexpr std::string_view kPrefix = "pwe_";
constexpr std::size_t kMaxText = 4096;

Error NoToken(const char* why) {
  return InvalidArgument(std::string("not an enrolment token: ") + why);
}

Result<std::string> Field(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return NoToken("a field is missing");
  return found->get<std::string>();
}

// "host:port" or "[v6]:port".
Result<std::uint16_t> PortOf(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return NoToken("its address is not host:port");
  const std::string_view text = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  if (read.ec != std::errc() || read.ptr != end || port == 0) return NoToken("its address is not host:port");
  return port;
}

}  // namespace

std::string EnrolmentToken::host() const {
  std::string name = address.substr(0, address.rfind(':'));
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') return name.substr(1, name.size() - 2);
  return name;
}

std::uint16_t EnrolmentToken::port() const {
  const auto port = PortOf(address);
  return port.ok() ? *port : std::uint16_t{0};
}

crypto::SecretString EnrolmentToken::ToText() const {
  const nlohmann::json json = {{"v", 1},
                               {"address", address},
                               {"ca", ca_fingerprint},
                               {"server", server},
                               {"secret", std::string(secret.Reveal())}};
  return crypto::SecretString(std::string(kPrefix) + Base64UrlEncode(json.dump()));
}

Result<EnrolmentToken> EnrolmentToken::Parse(std::string_view text) {
  // People paste with the line's end.
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (text.size() > kMaxText) return NoToken("it is too long");
  if (!text.starts_with(kPrefix)) return NoToken("it does not begin with pwe_");
  const auto decoded = Base64Decode(text.substr(kPrefix.size()));
  if (!decoded.ok()) return NoToken("it was cut or changed");
  const nlohmann::json json = nlohmann::json::parse(*decoded, nullptr, false);
  if (!json.is_object()) return NoToken("it was cut or changed");
  if (!json.contains("v") || json["v"] != 1) return NoToken("its version is unknown");
  EnrolmentToken token;
  PW_ASSIGN(token.address, Field(json, "address"));
  PW_ASSIGN(token.ca_fingerprint, Field(json, "ca"));
  PW_ASSIGN(token.server, Field(json, "server"));
  PW_ASSIGN(const std::string secret, Field(json, "secret"));
  PW_TRY(PortOf(token.address));
  if (!Digest::FromHex(token.ca_fingerprint).ok()) return NoToken("its CA fingerprint is none");
  if (secret.empty() || token.server.empty()) return NoToken("a field is empty");
  token.secret = crypto::SecretString(secret);
  return token;
}

}  // namespace podwright
