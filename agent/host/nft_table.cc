#include "agent/host/nft_table.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace podwright::host {
namespace {

using Json = nlohmann::json;

constexpr char kPrologue[] = "table inet podwright\ndelete table inet podwright\n";
constexpr char kMeshComment[] = "podwright: mesh";
constexpr char kSshComment[] = "podwright: ssh";
constexpr char kVrrp[] = "vrrp";
constexpr int kVrrpNumber = 112;

bool SafeName(const std::string& name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::optional<Json> RightOf(const Json& expression, const Json& left) {
  if (!expression.contains("match") || expression["match"].value("left", Json()) != left) return std::nullopt;
  return expression["match"].value("right", Json());
}

// The elements of a value, of a list, or of a set.
std::set<std::string> Elements(const Json& value) {
  const Json& list = value.is_object() && value.contains("set") ? value["set"] : value;
  std::set<std::string> names;
  if (list.is_string()) names.insert(list.get<std::string>());
  if (list.is_array()) {
    for (const Json& element : list) names.insert(element.is_string() ? element.get<std::string>() : element.dump());
  }
  return names;
}

enum class Fixed { kLoopback, kEstablished, kIcmp, kSsh };

std::optional<Fixed> FixedRule(const Json& rule, const Json& expressions) {
  if (expressions.size() != 2 || !expressions[1].contains("accept")) return std::nullopt;
  const Json& first = expressions[0];
  if (const auto right = RightOf(first, {{"meta", {{"key", "iifname"}}}}); right && *right == "lo") {
    return Fixed::kLoopback;
  }
  if (const auto right = RightOf(first, {{"ct", {{"key", "state"}}}});
      right && Elements(*right) == std::set<std::string>{"established", "related"}) {
    return Fixed::kEstablished;
  }
  if (const auto right = RightOf(first, {{"meta", {{"key", "l4proto"}}}});
      right && (Elements(*right) == std::set<std::string>{"icmp", "ipv6-icmp"} ||
                Elements(*right) == std::set<std::string>{"icmp", "icmpv6"})) {
    return Fixed::kIcmp;
  }
  if (const auto right = RightOf(first, {{"payload", {{"protocol", "tcp"}, {"field", "dport"}}}});
      right && *right == 22 && rule.value("comment", "") == kSshComment) {
    return Fixed::kSsh;
  }
  return std::nullopt;
}

bool ReadPorts(const Json& right, kinds::FirewallLine& line) {
  if (right.is_number_integer()) {
    line.port = line.port_end = right.get<int>();
    return true;
  }
  if (!right.is_object() || !right.contains("range") || right["range"].size() != 2) return false;
  line.port = right["range"][0].get<int>();
  line.port_end = right["range"][1].get<int>();
  return true;
}

bool ReadSource(const Json& right, kinds::FirewallLine& line) {
  std::string text;
  if (right.is_string()) text = right.get<std::string>();
  if (right.is_object() && right.contains("prefix")) {
    text = right["prefix"].value("addr", "") + "/" + std::to_string(right["prefix"].value("len", -1));
  }
  auto normal = kinds::NormalPrefix(text);
  if (!normal.ok()) return false;
  line.source = std::move(normal).value();
  return true;
}

std::optional<kinds::FirewallLine> DeclaredRule(const Json& rule, const Json& expressions) {
  if (expressions.size() < 2 || expressions.size() > 3 || !expressions.back().contains("accept")) return std::nullopt;
  kinds::FirewallLine line;
  line.name = rule.value("comment", "");
  if (!SafeName(line.name)) return std::nullopt;
  for (const char* protocol : {"tcp", "udp"}) {
    const auto right = RightOf(expressions[0], {{"payload", {{"protocol", protocol}, {"field", "dport"}}}});
    if (right && ReadPorts(*right, line)) line.protocol = protocol;
  }
  // nft prints the protocol's name where /etc/protocols has it.
  const auto vrrp = RightOf(expressions[0], {{"meta", {{"key", "l4proto"}}}});
  if (vrrp && (*vrrp == kVrrp || *vrrp == kVrrpNumber)) line.protocol = kVrrp;
  if (line.protocol.empty()) return std::nullopt;
  if (expressions.size() == 2) return line;
  for (const char* family : {"ip", "ip6"}) {
    const auto right = RightOf(expressions[1], {{"payload", {{"protocol", family}, {"field", "saddr"}}}});
    if (right && ReadSource(*right, line)) return line;
  }
  return std::nullopt;
}

// The two rules of a mesh, one of which this is: the interface by its name, WireGuard's port by the comment.
bool MeshRule(const Json& rule, const Json& expressions, std::map<std::string, int>& ports, std::set<std::string>& in) {
  if (expressions.size() != 2 || !expressions[1].contains("accept")) return false;
  const std::string comment = rule.value("comment", "");
  const std::string prefix = std::string(kMeshComment) + " ";
  if (comment.compare(0, prefix.size(), prefix) != 0) return false;
  const std::string interface = comment.substr(prefix.size());
  if (const auto right = RightOf(expressions[0], {{"meta", {{"key", "iifname"}}}}); right && *right == interface) {
    return in.insert(interface).second;
  }
  const auto right = RightOf(expressions[0], {{"payload", {{"protocol", "udp"}, {"field", "dport"}}}});
  return right && right->is_number_integer() && ports.emplace(interface, right->get<int>()).second;
}

bool IsOurChain(const Json& chain) {
  return chain.value("name", "") == "input" && chain.value("type", "") == "filter" &&
         chain.value("hook", "") == "input" && chain.value("policy", "") == "drop" && chain.value("prio", 1) == 0;
}

kinds::FirewallTable ReadTable(const Json& items) {
  kinds::FirewallTable table;
  table.keep_ssh = false;
  std::set<Fixed> fixed;
  bool chain_found = false;
  std::map<std::string, int> mesh_ports;
  std::set<std::string> mesh_interfaces;
  for (const Json& item : items) {
    if (item.contains("metainfo") || item.contains("table")) continue;
    if (item.contains("chain") && IsOurChain(item["chain"])) {
      chain_found = true;
      continue;
    }
    if (item.contains("rule")) {
      const Json& rule = item["rule"];
      const Json expressions = rule.value("expr", Json::array());
      if (const auto known = FixedRule(rule, expressions); known) {
        fixed.insert(*known);
        continue;
      }
      if (MeshRule(rule, expressions, mesh_ports, mesh_interfaces)) continue;
      if (auto line = DeclaredRule(rule, expressions); line) {
        table.lines.push_back(*std::move(line));
        continue;
      }
      table.foreign.push_back("rule " + expressions.dump());
      continue;
    }
    table.foreign.push_back(item.dump());
  }
  table.keep_ssh = fixed.contains(Fixed::kSsh);
  if (!chain_found) table.foreign.emplace_back("no input chain that drops");
  for (const Fixed needed : {Fixed::kLoopback, Fixed::kEstablished, Fixed::kIcmp}) {
    if (!fixed.contains(needed)) table.foreign.emplace_back("a fixed rule is missing");
  }
  for (const auto& [interface, port] : mesh_ports) {
    if (mesh_interfaces.erase(interface) > 0)
      table.meshes.push_back({interface, port});
    else
      table.foreign.push_back("half of the rules of the mesh " + interface);
  }
  for (const std::string& interface : mesh_interfaces) {
    table.foreign.push_back("half of the rules of the mesh " + interface);
  }
  std::sort(table.lines.begin(), table.lines.end());
  table.lines.erase(std::unique(table.lines.begin(), table.lines.end()), table.lines.end());
  return table;
}

}  // namespace

Result<std::string> NftScript(const kinds::FirewallTable& table) {
  std::string script = kPrologue;
  script +=
      "table inet podwright {\n"
      "  chain input {\n"
      "    type filter hook input priority 0; policy drop;\n"
      "    iifname \"lo\" accept\n"
      "    ct state { established, related } accept\n"
      "    meta l4proto { icmp, ipv6-icmp } accept\n";
  if (table.keep_ssh) script += std::string("    tcp dport 22 accept comment \"") + kSshComment + "\"\n";
  for (const kinds::FirewallMesh& mesh : table.meshes) {
    if (!SafeName(mesh.interface)) return InvalidArgument("\"" + mesh.interface + "\" is no interface of a mesh");
    const std::string end = std::string(" accept comment \"") + kMeshComment + " " + mesh.interface + "\"\n";
    script += "    iifname \"" + mesh.interface + "\"" + end;
    script += "    udp dport " + std::to_string(mesh.port) + end;
  }
  for (const kinds::FirewallLine& line : table.lines) {
    const bool ported = line.protocol == "tcp" || line.protocol == "udp";
    if (!SafeName(line.name) || (!ported && line.protocol != kVrrp)) {
      return InvalidArgument("the firewall rule \"" + line.name + "\" has no valid name or protocol");
    }
    script += ported ? "    " + line.protocol + " dport " + std::to_string(line.port)
                     : "    meta l4proto " + std::to_string(kVrrpNumber);
    if (ported && line.port_end != line.port) script += "-" + std::to_string(line.port_end);
    if (!line.source.empty()) {
      PW_ASSIGN(const std::string source, kinds::NormalPrefix(line.source));
      script += (source.find(':') == std::string::npos ? " ip saddr " : " ip6 saddr ") + source;
    }
    script += " accept comment \"" + line.name + "\"\n";
  }
  return script + "  }\n}\n";
}

std::string NftRemoveScript() {
  return kPrologue;
}
std::string NftReplaceScript(const std::string& table, const std::string& text) {
  return "table inet " + table + "\ndelete table inet " + table + "\n" + text;
}
std::string NftRestoreScript(const std::string& listing) {
  return kPrologue + listing;
}

Result<kinds::FirewallTable> ParseNftTable(const std::string& json) {
  try {
    const Json document = Json::parse(json);
    return ReadTable(document.at("nftables"));
  } catch (const Json::exception& failure) {
    return Internal(std::string("nft answered what is not understood: ") + failure.what());
  }
}

}  // namespace podwright::host
