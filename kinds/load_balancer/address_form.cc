#include "kinds/load_balancer/address_form.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "core/digest.h"
#include "kinds/load_balancer/address_label.h"

namespace podwright::kinds {
namespace {

constexpr std::size_t kInterfaceLength = 15;
constexpr std::int64_t kPreferred = 200;
constexpr std::int64_t kFirst = 150;

Result<std::string> Normal(const std::string& text, bool* six) {
  std::array<std::uint8_t, 16> raw{};
  const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  std::array<char, INET6_ADDRSTRLEN> normal{};
  if (::inet_pton(family, text.c_str(), raw.data()) != 1 ||
      ::inet_ntop(family, raw.data(), normal.data(), normal.size()) == nullptr) {
    return InvalidArgument("\"" + text + "\" is no address");
  }
  *six = family == AF_INET6;
  return std::string(normal.data());
}

Result<std::string> SameFamily(const std::string& text, const SharedAddress& shared) {
  bool six = false;
  PW_ASSIGN(std::string address, Normal(text, &six));
  if (six != shared.six) {
    return InvalidArgument("the shared address " + shared.Text() + " and the server's address " + address +
                           " must both be IPv4 or both be IPv6");
  }
  return address;
}

bool IsInterface(const std::string& name) {
  return !name.empty() && name.size() <= kInterfaceLength && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

// The label tells a shared address from the server's own ones; there are none in IPv6.
std::string Label(const std::string& interface, const SharedAddress& shared) {
  const std::string label = interface + kSharedAddressLabel;
  return shared.six || label.size() > kInterfaceLength ? "" : " label " + label;
}

}  // namespace

Result<SharedAddress> ParseSharedAddress(const std::string& text) {
  SharedAddress shared;
  const std::size_t slash = text.find('/');
  PW_ASSIGN(shared.address, Normal(text.substr(0, slash), &shared.six));
  const int most = shared.six ? 128 : 32;
  shared.prefix_length = most;
  if (slash == std::string::npos) return shared;
  const char* end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data() + slash + 1, end, shared.prefix_length);
  if (problem != std::errc() || at != end || shared.prefix_length < 1 || shared.prefix_length > most) {
    return InvalidArgument("\"" + text + "\": the length of the prefix is 1 to " + std::to_string(most));
  }
  return shared;
}

std::int64_t SharedRouterId(const std::string& object, const v1::kinds::LoadBalancerSharedAddress& shared) {
  if (shared.has_router_id()) return shared.router_id();
  const std::string hex = Sha256(object).Hex().substr(0, 8);
  std::uint32_t value = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  return 1 + value % 255;
}

std::int64_t SharedPriority(const v1::kinds::LoadBalancerSpec& spec, const std::string& server) {
  if (spec.shared_address().prefer() == server) return kPreferred;
  const auto place = std::find(spec.servers().begin(), spec.servers().end(), server) - spec.servers().begin();
  return kFirst - static_cast<std::int64_t>(place);
}

std::string SharedAddressDigest(const v1::kinds::LoadBalancerAddressAction& action) {
  std::string text = action.address() + "\n" + action.interface() + "\n" + std::to_string(action.router_id()) + "\n" +
                     std::to_string(action.priority()) + "\n" + action.own_address() + "\n";
  const std::map<std::string, std::string> peers(action.peers().begin(), action.peers().end());
  for (const auto& [name, address] : peers) text += name + "=" + address + "\n";
  for (const std::string& side : action.sides()) text += side + "\n";
  return Sha256(text).Hex();
}

std::string LoadBalancerUnit(const std::string& object, const std::string& side) {
  return "podwright-lb-" + object + "-" + side + ".service";
}

Result<std::string> KeepalivedText(const std::string& object, const v1::kinds::LoadBalancerAddressAction& action,
                                   const std::string& interface) {
  PW_ASSIGN(const SharedAddress shared, ParseSharedAddress(action.address()));
  PW_ASSIGN(const std::string own, SameFamily(action.own_address(), shared));
  if (!IsInterface(interface)) return InvalidArgument("\"" + interface + "\" is no network interface");
  const std::map<std::string, std::string> peers(action.peers().begin(), action.peers().end());
  std::string text = "# Made by Podwright: load balancer " + object +
                     ".\n"
                     "global_defs {\n"
                     "    router_id podwright-" +
                     object +
                     "\n"
                     "    script_user root\n"
                     "    enable_script_security\n"
                     "    vrrp_version 3\n"
                     "    vrrp_garp_master_refresh 60\n"
                     "}\n";
  std::string tracked;
  for (const std::string& side : action.sides()) {
    if (side != "http" && side != "streams") return InvalidArgument("\"" + side + "\" is no side of a load balancer");
    text += "vrrp_script " + side + " {\n    script \"/usr/bin/systemctl --quiet is-active " +
            LoadBalancerUnit(object, side) +
            "\"\n    interval 1\n    timeout 5\n    fall 2\n    rise 2\n    init_fail\n}\n";
    tracked += "        " + side + "\n";
  }
  text += "vrrp_instance " + object + " {\n    state BACKUP\n    interface " + interface + "\n    virtual_router_id " +
          std::to_string(action.router_id()) + "\n    priority " + std::to_string(action.priority()) +
          "\n    advert_int 1\n";
  // keepalived refuses an empty list of peers.
  if (!peers.empty()) text += "    unicast_src_ip " + own + "\n    check_unicast_src\n    unicast_peer {\n";
  for (const auto& [name, address] : peers) {
    PW_ASSIGN(const std::string peer, SameFamily(address, shared));
    text += "        " + peer + "\n";
  }
  text += std::string(peers.empty() ? "" : "    }\n") + "    virtual_ipaddress {\n        " + shared.Text() + " dev " +
          interface + Label(interface, shared) + "\n    }\n";
  if (!tracked.empty()) text += "    track_script {\n" + tracked + "    }\n";
  return text + "}\n";
}

std::string KeepalivedUnitText(const std::string& object, const std::string& configuration_path) {
  const std::string run = "/run/podwright-lb-" + object + "-address";
  const std::string program = "/usr/sbin/keepalived --use-file=" + configuration_path;
  return "# Made by Podwright: load balancer " + object +
         ".\n"
         "[Unit]\n"
         "Description=Podwright: shared address of the load balancer " +
         object +
         "\n"
         "After=network-online.target\n"
         "Wants=network-online.target\n"
         "\n"
         "[Service]\n"
         "ExecStartPre=" +
         program +
         " --config-test\n"
         "ExecStart=" +
         program + " --dont-fork --log-console --vrrp --pid=" + run + ".pid --vrrp_pid=" + run +
         "-vrrp.pid\n"
         "ExecReload=" +
         program +
         " --config-test\n"
         "ExecReload=/bin/kill -HUP $MAINPID\n"
         "KillMode=mixed\n"
         "Restart=on-failure\n"
         "RestartSec=1\n"
         "\n"
         "[Install]\n"
         "WantedBy=multi-user.target\n";
}

}  // namespace podwright::kinds
