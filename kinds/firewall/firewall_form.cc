#include "kinds/firewall/firewall_form.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "core/digest.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

constexpr int kMaxPort = 65535;
constexpr char kVrrp[] = "vrrp";

Result<std::string> Masked(int family, const std::string& address, int bits, int max_bits) {
  std::array<std::uint8_t, 16> raw{};
  if (inet_pton(family, address.c_str(), raw.data()) != 1 || bits < 0 || bits > max_bits) {
    return InvalidArgument("\"" + address + "/" + std::to_string(bits) + "\" is not an address with a prefix length");
  }
  for (int i = bits; i < max_bits; ++i) {
    raw[static_cast<std::size_t>(i) / 8] &= static_cast<std::uint8_t>(~(0x80U >> (static_cast<unsigned>(i) % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, raw.data(), text.data(), text.size());
  return std::string(text.data()) + "/" + std::to_string(bits);
}

Status AddLines(const std::string& name, const v1::kinds::ServerFirewallRule& rule, std::vector<FirewallLine>& lines) {
  FirewallLine line;
  line.name = name;
  line.protocol = rule.has_protocol() ? rule.protocol() : "tcp";
  if (line.protocol != kVrrp) {
    const std::int64_t end = rule.has_port_end() ? rule.port_end() : rule.port();
    if (rule.port() < 1 || rule.port() > kMaxPort || end < rule.port() || end > kMaxPort) {
      return InvalidArgument("the firewall rule \"" + name + "\" has no valid port");
    }
    line.port = static_cast<int>(rule.port());
    line.port_end = static_cast<int>(end);
  }
  if (rule.sources().empty()) lines.push_back(line);
  for (const auto& source : rule.sources()) {
    PW_ASSIGN(line.source, NormalPrefix(source));
    lines.push_back(line);
  }
  return Ok();
}

}  // namespace

Result<std::string> NormalPrefix(const std::string& text) {
  const auto slash = text.find('/');
  const std::string address = text.substr(0, slash);
  const int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  const int max_bits = family == AF_INET ? 32 : 128;
  int bits = max_bits;
  if (slash != std::string::npos) {
    const char* begin = text.data() + slash + 1;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, bits);
    if (error != std::errc() || stop != end || begin == end) {
      return InvalidArgument("\"" + text + "\" is not an address with a prefix length");
    }
  }
  return Masked(family, address, bits, max_bits);
}

Result<FirewallTable> WantedFirewall(const v1::kinds::FirewallAction& action) {
  FirewallTable table;
  for (const auto& [interface, port] : action.meshes()) {
    if (port < 1 || port > kMaxPort) return InvalidArgument("the mesh " + interface + " has no valid port");
    table.meshes.push_back({interface, static_cast<int>(port)});
  }
  std::sort(table.meshes.begin(), table.meshes.end());
  const v1::kinds::ServerFirewall& firewall = action.firewall();
  table.keep_ssh = !firewall.has_keep_ssh() || firewall.keep_ssh();
  for (const auto& [name, rule] : firewall.inbound()) PW_TRY(AddLines(name, rule, table.lines));
  for (const auto& [name, rule] : action.services()) PW_TRY(AddLines(name, rule, table.lines));
  std::sort(table.lines.begin(), table.lines.end());
  table.lines.erase(std::unique(table.lines.begin(), table.lines.end()), table.lines.end());
  return table;
}

std::string FirewallDigest(const FirewallTable& table) {
  Sha256Hasher hasher;
  hasher.UpdateField("podwright firewall 1");
  hasher.UpdateField(table.keep_ssh ? "ssh" : "");
  std::vector<FirewallLine> lines = table.lines;
  std::sort(lines.begin(), lines.end());
  for (const FirewallLine& line : lines) {
    hasher.UpdateField("line");
    hasher.UpdateField(line.name);
    hasher.UpdateField(line.protocol);
    hasher.UpdateField(std::to_string(line.port) + "-" + std::to_string(line.port_end));
    hasher.UpdateField(line.source);
  }
  for (const FirewallMesh& mesh : table.meshes) {
    hasher.UpdateField("mesh");
    hasher.UpdateField(mesh.interface);
    hasher.UpdateField(std::to_string(mesh.port));
  }
  for (const std::string& foreign : table.foreign) {
    hasher.UpdateField("foreign");
    hasher.UpdateField(foreign);
  }
  return hasher.Finish().Hex();
}

}  // namespace podwright::kinds
