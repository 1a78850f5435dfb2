#include "core/enrolment_token.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/address.h"
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

}  // namespace

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
  const Result<Address> address = ParseAddress(token.address, -1);
  if (!address.ok() || address->port == 0) return NoToken("its address is not host:port");
  if (!Digest::FromHex(token.ca_fingerprint).ok()) return NoToken("its CA fingerprint is none");
  if (secret.empty() || token.server.empty()) return NoToken("a field is empty");
  token.secret = crypto::SecretString(secret);
  return token;
}

}  // namespace podwright
