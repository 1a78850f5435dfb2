// What planner and agent have in common of the kind mesh: addresses of a range, the texts that are written on servers
// and their digests. Both make the same text, so that "it is as declared" is one comparison.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::v1::kinds {
class MeshRulesAction;
class MeshNamesAction;
class MeshSpec;
}  // namespace podwright::v1::kinds

namespace podwright::kinds {

// Every interface that Podwright makes begins so; the server's own addresses leave them out.
inline constexpr std::string_view kMeshInterfacePrefix = "pw-";
// Of wg-quick and its WireGuard.
inline constexpr char kWireguardTools[] = "wireguard-tools";
inline constexpr char kWireguardGo[] = "wireguard-go";

// At most 15 bytes, and another for every name.
std::string MeshInterface(std::string_view mesh_name);
std::string MeshDomain(std::string_view mesh_name, const v1::kinds::MeshSpec& spec);

// A network "10.90.0.0/24" or "fd00::/64".
class MeshRange {
 public:
  static Result<MeshRange> Parse(const std::string& cidr);
  // How many members can have an address; saturates.
  std::uint64_t size() const;
  // Places count from 1. Out-of-range beyond size().
  Result<std::string> AddressAt(std::uint64_t place) const;
  int prefix_length() const { return prefix_length_; }
  bool v6() const { return v6_; }
  bool Overlaps(const MeshRange& other) const;

 private:
  unsigned char bytes_[16] = {};
  int prefix_length_ = 0;
  bool v6_ = false;
};

// "host:port"; `port` is used where `endpoint` has none.
std::string EndpointWithPort(const std::string& endpoint, std::int64_t port);
// "192.0.2.1:51820", "[2001:db8::1]:51820".
std::string JoinHostPort(const std::string& address, std::int64_t port);

// "podwright_mesh_prod" of the interface "pw-prod"; in the family inet.
std::string MeshTable(std::string_view interface);
// The table as nft reads it. Invalid-argument for what could not be quoted safely.
Result<std::string> MeshTableText(const v1::kinds::MeshRulesAction& rules);
std::string MeshRulesDigest(const v1::kinds::MeshRulesAction& rules);
std::string MeshNamesDigest(const v1::kinds::MeshNamesAction& names);

}  // namespace podwright::kinds
