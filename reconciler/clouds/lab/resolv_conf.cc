#include "reconciler/clouds/lab/resolv_conf.h"

#include <sstream>

#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {

std::vector<std::string> NameServers(std::string_view resolv_conf) {
  std::vector<std::string> servers;
  std::istringstream lines{std::string(resolv_conf)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string keyword;
    std::string address;
    if (!(words >> keyword >> address) || keyword != "nameserver") continue;
    // Machines have IPv4 only.
    if (address.starts_with("127.") || address.find(':') != std::string::npos) continue;
    servers.push_back(address);
  }
  return servers;
}

std::vector<std::string> ReadNameServers() {
  for (const char* path : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}) {
    const auto text = ReadFile(path);
    if (!text.ok()) continue;
    std::vector<std::string> servers = NameServers(*text);
    if (!servers.empty()) return servers;
  }
  return {};
}

}  // namespace podwright::clouds::lab
