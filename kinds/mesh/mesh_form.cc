#include "kinds/mesh/mesh_form.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "core/digest.h"
#include "podwright/v1/kinds/mesh.pb.h"

namespace podwright::kinds {
namespace {

constexpr std::size_t kMostInName = 12;  // 15 without the prefix
constexpr std::size_t kHashDigits = 11;
constexpr int kMaxPort = 65535;

bool Only(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != std::string_view::npos;
  });
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, 16> raw{};
  return inet_pton(AF_INET, text.c_str(), raw.data()) == 1 || inet_pton(AF_INET6, text.c_str(), raw.data()) == 1;
}

std::string Braced(const std::vector<std::string>& addresses) {
  std::string out;
  for (const std::string& address : addresses) out += (out.empty() ? "" : ", ") + address;
  return "{ " + out + " }";
}

Result<std::string> RuleText(const v1::kinds::MeshRuleLine& line) {
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  for (const std::string& source : line.sources()) {
    if (!IsAddress(source)) return InvalidArgument("\"" + source + "\" is not an address");
    (source.find(':') == std::string::npos ? v4 : v6).push_back(source);
  }
  const bool ports = line.port() != 0;
  const bool known = line.protocol() == "tcp" || line.protocol() == "udp" || (line.protocol() == "any" && !ports);
  const bool ordered = !ports || (line.port() > 0 && line.port_end() >= line.port() && line.port_end() <= kMaxPort);
  if (!known || !ordered || line.name().empty() || line.name().size() > 100 || !Only(line.name(), "-")) {
    return InvalidArgument("the rule \"" + line.name() + "\" has no valid name, protocol or port");
  }
  std::string what;
  if (ports) {
    what = line.protocol() + " dport " + std::to_string(line.port());
    if (line.port_end() != line.port()) what += "-" + std::to_string(line.port_end());
    what += " ";
  } else if (line.protocol() != "any") {
    what = "meta l4proto " + line.protocol() + " ";
  }
  const std::string end = what + "accept comment \"" + line.name() + "\"\n";
  std::string out;
  if (v4.empty() && v6.empty()) out = "    " + end;
  if (!v4.empty()) out += "    ip saddr " + Braced(v4) + " " + end;
  if (!v6.empty()) out += "    ip6 saddr " + Braced(v6) + " " + end;
  return out;
}

}  // namespace

std::string MeshInterface(std::string_view mesh_name) {
  const std::string prefix(kMeshInterfacePrefix);
  if (mesh_name.size() <= kMostInName) return prefix + std::string(mesh_name);
  // Names begin with a letter: with a digit in front it is never that of a short name.
  return prefix + "0" + Sha256(mesh_name).Hex().substr(0, kHashDigits);
}

std::string MeshDomain(std::string_view mesh_name, const v1::kinds::MeshSpec& spec) {
  return spec.has_domain() ? spec.domain() : std::string(mesh_name) + ".internal";
}

Result<MeshRange> MeshRange::Parse(const std::string& cidr) {
  MeshRange range;
  const auto slash = cidr.find('/');
  const std::string address = cidr.substr(0, slash);
  range.v6_ = address.find(':') != std::string::npos;
  const int bits = range.v6_ ? 128 : 32;
  int length = 0;
  const std::string digits = slash == std::string::npos ? "" : cidr.substr(slash + 1);
  for (const char c : digits) {
    if (c < '0' || c > '9' || length > bits) return InvalidArgument("\"" + cidr + "\" is not a network");
    length = length * 10 + (c - '0');
  }
  if (inet_pton(range.v6_ ? AF_INET6 : AF_INET, address.c_str(), range.bytes_) != 1 || digits.empty() ||
      length > bits) {
    return InvalidArgument("\"" + cidr + "\" is not a network");
  }
  range.prefix_length_ = length;
  return range;
}

std::uint64_t MeshRange::size() const {
  const int bits = (v6_ ? 128 : 32) - prefix_length_;
  if (bits >= 64) return std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t all = std::uint64_t{1} << bits;
  // The network's own address and, of IPv4, that of everybody.
  const std::uint64_t not_for_members = v6_ ? 1 : 2;
  return all > not_for_members ? all - not_for_members : 0;
}

Result<std::string> MeshRange::AddressAt(std::uint64_t place) const {
  if (place == 0 || place > size()) return Error(ErrorCode::kOutOfRange, "the range has no such address");
  std::array<unsigned char, 16> raw{};
  std::copy(std::begin(bytes_), std::end(bytes_), raw.begin());
  const std::size_t count = v6_ ? 16 : 4;
  std::uint64_t rest = place;
  for (std::size_t i = count; i-- > 0 && rest != 0; rest >>= 8) {
    raw[i] = static_cast<unsigned char>(raw[i] | (rest & 0xFFU));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v6_ ? AF_INET6 : AF_INET, raw.data(), text.data(), static_cast<socklen_t>(text.size()));
  return std::string(text.data());
}

bool MeshRange::Overlaps(const MeshRange& other) const {
  if (v6_ != other.v6_) return false;
  const int bits = std::min(prefix_length_, other.prefix_length_);
  for (int bit = 0; bit < bits; ++bit) {
    const unsigned mask = 0x80U >> (static_cast<unsigned>(bit) % 8);
    const auto at = static_cast<std::size_t>(bit) / 8;
    if (((bytes_[at] ^ other.bytes_[at]) & mask) != 0) return false;
  }
  return true;
}

std::string EndpointWithPort(const std::string& endpoint, std::int64_t port) {
  const auto bracket = endpoint.rfind(']');
  const auto colon = endpoint.rfind(':');
  const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  return has_port ? endpoint : endpoint + ":" + std::to_string(port);
}

std::string JoinHostPort(const std::string& address, std::int64_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::string MeshTable(std::string_view interface) {
  std::string table = "podwright_mesh_" + std::string(interface.substr(kMeshInterfacePrefix.size()));
  std::replace(table.begin(), table.end(), '-', '_');
  return table;
}

Result<std::string> MeshTableText(const v1::kinds::MeshRulesAction& rules) {
  const std::string& interface = rules.interface();
  if (!interface.starts_with(kMeshInterfacePrefix) || interface.size() > 15 || !Only(interface, "-")) {
    return InvalidArgument("\"" + interface + "\" is no interface of a mesh");
  }
  std::string text = "table inet " + MeshTable(interface) + " {\n";
  const std::string others =
      "    iifname != \"" + interface + "\" accept\n    ct state { established, related } accept\n";
  if (!rules.allow()) {
    text += "  chain input {\n    type filter hook input priority 0; policy accept;\n" + others +
            "    icmp type echo-request accept\n    icmpv6 type echo-request accept\n";
    for (const auto& line : rules.lines()) {
      PW_ASSIGN(const std::string rule, RuleText(line));
      text += rule;
    }
    text += "    drop\n  }\n";
  }
  text +=
      "  chain forward {\n    type filter hook forward priority 0; policy accept;\n" + others + "    drop\n  }\n}\n";
  return text;
}

std::string MeshRulesDigest(const v1::kinds::MeshRulesAction& rules) {
  Sha256Hasher hasher;
  hasher.UpdateField("podwright mesh rules 1");
  hasher.UpdateField(rules.interface());
  hasher.UpdateField(rules.allow() ? "allow" : "deny");
  for (const auto& line : rules.lines()) {
    hasher.UpdateField("line");
    hasher.UpdateField(line.name());
    hasher.UpdateField(line.protocol() + " " + std::to_string(line.port()) + "-" + std::to_string(line.port_end()));
    for (const std::string& source : line.sources()) hasher.UpdateField(source);
  }
  return hasher.Finish().Hex();
}

std::string MeshNamesDigest(const v1::kinds::MeshNamesAction& names) {
  Sha256Hasher hasher;
  hasher.UpdateField("podwright mesh names 1");
  for (const auto& [name, address] : std::map<std::string, std::string>(names.names().begin(), names.names().end())) {
    hasher.UpdateField(name);
    hasher.UpdateField(address);
  }
  std::map<std::string, const v1::kinds::MeshAddresses*> services;
  for (const auto& [name, addresses] : names.services()) services[name] = &addresses;
  for (const auto& [name, addresses] : services) {
    hasher.UpdateField("service");
    hasher.UpdateField(name);
    for (const std::string& address : addresses->addresses()) hasher.UpdateField(address);
  }
  return hasher.Finish().Hex();
}

}  // namespace podwright::kinds
