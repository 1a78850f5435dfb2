#include "agent/drivers/database/checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace podwright::drivers::database {
namespace {

constexpr std::size_t kMostInName = 63;
constexpr int kMaxPort = 65535;

bool Only(std::string_view text, std::string_view extra) {
  return !text.empty() && text.size() <= kMostInName && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool IsAddress(const std::string& text) {
  std::array<unsigned char, 16> raw{};
  return inet_pton(AF_INET, text.c_str(), raw.data()) == 1 || inet_pton(AF_INET6, text.c_str(), raw.data()) == 1;
}

bool IsNetwork(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || !IsAddress(text.substr(0, slash))) return false;
  const std::string bits = text.substr(slash + 1);
  const int most = text.find(':') == std::string::npos ? 32 : 128;
  if (bits.empty() || bits.size() > 3 || bits.find_first_not_of("0123456789") != std::string::npos) return false;
  return std::stoi(bits) <= most;
}

bool IsMemberName(const std::string& text) {
  return Only(text, "-");
}

bool IsPlainName(const std::string& text) {
  return Only(text, "_.");
}

bool IsVersion(const std::string& text) {
  return !text.empty() && text.size() < 8 && text.find_first_not_of("0123456789.") == std::string::npos;
}

Status CheckInstanceName(const std::string& version, const std::string& name) {
  if (!IsVersion(version)) return InvalidArgument("\"" + version + "\" is no version");
  if (!Only(name, "_")) return InvalidArgument("\"" + name + "\" is no name of an instance");
  return Ok();
}

Status CheckConfiguration(const v1::kinds::DatabaseConfiguration& configuration) {
  PW_TRY(CheckInstanceName(configuration.version(), configuration.instance()));
  if (!IsMemberName(configuration.member())) return InvalidArgument("the member has no name");
  if (configuration.port() < 1 || configuration.port() > kMaxPort) return InvalidArgument("there is no such port");
  for (const auto& [name, address] : configuration.members()) {
    if (!IsMemberName(name)) return InvalidArgument("\"" + name + "\" is no name of a server");
    if (!IsAddress(address)) return InvalidArgument("\"" + address + "\" is not an address of " + name);
  }
  for (const std::string& network : configuration.clients()) {
    if (!IsNetwork(network)) return InvalidArgument("\"" + network + "\" is not a network");
  }
  for (const auto& [name, value] : configuration.parameters()) {
    const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!IsPlainName(name) || !printable) return InvalidArgument("the parameter " + name + " cannot be written");
  }
  return Ok();
}

}  // namespace podwright::drivers::database
