#include "agent/drivers/mesh/configuration.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "core/digest.h"
#include "kinds/mesh/mesh_form.h"

namespace podwright::drivers::mesh {
namespace {

using v1::kinds::MeshKept;
using v1::kinds::MeshKeptPeer;

constexpr std::size_t kMaxInterface = 15;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyText = 44;
constexpr std::size_t kMaxEndpoint = 300;

std::string FirstLine(const std::string& mesh) {
  return "# Made by Podwright for the mesh " + mesh + "; changes are put back.\n";
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, 16> raw{};
  return inet_pton(AF_INET, text.c_str(), raw.data()) == 1 || inet_pton(AF_INET6, text.c_str(), raw.data()) == 1;
}

std::string Alone(const std::string& address) {
  return address + (address.find(':') == std::string::npos ? "/32" : "/128");
}

std::string PeerText(const std::string& name, const MeshKeptPeer& peer) {
  std::string text =
      "\n[Peer]\n# " + name + "\nPublicKey = " + peer.public_key() + "\nAllowedIPs = " + Alone(peer.address()) + "\n";
  if (!peer.endpoint().empty()) text += "Endpoint = " + peer.endpoint() + "\n";
  if (peer.keepalive_ms() >= 1000) text += "PersistentKeepalive = " + std::to_string(peer.keepalive_ms() / 1000) + "\n";
  // An address belongs to one key at a time: this one gets it when it was used.
  if (!peer.next_public_key().empty()) {
    text += "\n[Peer]\n# " + name + ", its next key\nPublicKey = " + peer.next_public_key() + "\n";
  }
  return text;
}

std::string Rest(const MeshKept& kept, const std::string& private_key) {
  std::string text = "ListenPort = " + std::to_string(kept.interface().port()) + "\nPrivateKey = " + private_key + "\n";
  for (const auto& [name, peer] : std::map<std::string, MeshKeptPeer>(kept.peers().begin(), kept.peers().end())) {
    text += PeerText(name, peer);
  }
  return text;
}

}  // namespace

std::string ConfigurationPath(const std::string& interface) {
  return "/etc/wireguard/" + interface + ".conf";
}
std::string RulesPath(const std::string& interface) {
  return "/etc/wireguard/" + interface + ".nft";
}
std::string UnitOf(const std::string& interface) {
  return "wg-quick@" + interface + ".service";
}

std::string Configuration(const std::string& mesh, const MeshKept& kept, const std::string& private_key) {
  const std::string& interface = kept.interface().interface();
  std::string text = FirstLine(mesh) + "[Interface]\nAddress = " + kept.interface().address() + "\n";
  // Nothing comes up without its rules, after a boot neither.
  if (kept.has_rules()) text += "PreUp = nft -f " + RulesPath(interface) + "\n";
  return text + Rest(kept, private_key);
}

bool IsConfigurationOf(const std::string& text, const std::string& mesh) {
  return text.starts_with(FirstLine(mesh));
}

std::string SyncText(const MeshKept& kept, const std::string& private_key) {
  return "[Interface]\n" + Rest(kept, private_key);
}

std::map<std::string, std::set<std::string>> WantedPeers(const MeshKept& kept) {
  std::map<std::string, std::set<std::string>> out;
  for (const auto& [name, peer] : kept.peers()) {
    out[peer.public_key()].insert(Alone(peer.address()));
    if (!peer.next_public_key().empty()) out.try_emplace(peer.next_public_key());
  }
  return out;
}

Status CheckKey(const std::string& key) {
  const auto bytes = Base64Decode(key);
  const bool form = key.size() == kKeyText && bytes.ok() && bytes->size() == kKeyBytes &&
                    key.find_first_of("-_") == std::string::npos;
  return form ? Ok() : InvalidArgument("what came as a public key is none");
}

Status CheckPeer(const std::string& name, const MeshKeptPeer& peer) {
  const auto named = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  const auto of_endpoint = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == ':' || c == '[' || c == ']';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), named)) {
    return InvalidArgument("\"" + name.substr(0, 100) + "\" is no name of a server");
  }
  PW_TRY(CheckKey(peer.public_key()));
  if (!peer.next_public_key().empty()) PW_TRY(CheckKey(peer.next_public_key()));
  if (!IsAddress(peer.address())) return InvalidArgument("the address of " + name + " is none");
  const std::string& endpoint = peer.endpoint();
  if (endpoint.size() > kMaxEndpoint || !std::all_of(endpoint.begin(), endpoint.end(), of_endpoint)) {
    return InvalidArgument("the endpoint of " + name + " is none");
  }
  return Ok();
}

Status CheckInterface(const v1::kinds::MeshInterfaceAction& interface) {
  const std::string& name = interface.interface();
  const auto named = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  const bool good = name.starts_with(kinds::kMeshInterfacePrefix) && name.size() <= kMaxInterface &&
                    std::all_of(name.begin(), name.end(), named);
  const auto slash = interface.address().find('/');
  const std::string length = slash == std::string::npos ? "" : interface.address().substr(slash + 1);
  const bool digits = !length.empty() && length.size() <= 3 &&
                      std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!good || !digits || !IsAddress(interface.address().substr(0, slash)) || interface.port() < 1 ||
      interface.port() > 65535) {
    return InvalidArgument("the payload names no interface of a mesh");
  }
  return Ok();
}

}  // namespace podwright::drivers::mesh
