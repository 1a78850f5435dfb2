// The name servers that a machine can use, from the host's resolv.conf. Pure but for ReadNameServers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podwright::clouds::lab {

// Those that are not on the host's own loopback, which a machine cannot reach.
std::vector<std::string> NameServers(std::string_view resolv_conf);

// Of /etc/resolv.conf; where that names a resolver on loopback, of systemd-resolved's own list.
std::vector<std::string> ReadNameServers();

}  // namespace podwright::clouds::lab
