// WireGuard's configuration of one member as text, and what is let into it: values of other servers stand in a file
// that wg-quick runs commands from. Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/result.h"
#include "podwright/v1/kinds/mesh.pb.h"

namespace podwright::drivers::mesh {

std::string ConfigurationPath(const std::string& interface);  // "/etc/wireguard/pw-prod.conf"
std::string RulesPath(const std::string& interface);          // "/etc/wireguard/pw-prod.nft"
std::string UnitOf(const std::string& interface);             // "wg-quick@pw-prod.service"

// For wg-quick. The first line says whose it is.
std::string Configuration(const std::string& mesh, const v1::kinds::MeshKept& kept, const std::string& private_key);
bool IsConfigurationOf(const std::string& text, const std::string& mesh);
// For `wg syncconf`.
std::string SyncText(const v1::kinds::MeshKept& kept, const std::string& private_key);

// The peers that the interface has then: what comes from and goes to each, by public key.
std::map<std::string, std::set<std::string>> WantedPeers(const v1::kinds::MeshKept& kept);

// Invalid-argument for what is no public key, address, endpoint, interface.
Status CheckKey(const std::string& key);
Status CheckPeer(const std::string& name, const v1::kinds::MeshKeptPeer& peer);
Status CheckInterface(const v1::kinds::MeshInterfaceAction& interface);

}  // namespace podwright::drivers::mesh
