// IPv4 subnets, and the choice of one that nothing on the host uses. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace podwright::clouds::lab {

struct Subnet {
  std::uint32_t base = 0;  // host byte order, host bits zero
  int prefix = 0;

  bool Overlaps(const Subnet& other) const;
  // The address number `n` of the subnet: 1 is the gateway.
  std::string Address(std::uint32_t n) const;
  std::string ToString() const;  // "10.89.7.0/24"
  bool operator==(const Subnet&) const = default;
};

// "10.0.0.0/8", or an address alone, which is a /32. Host bits are cleared.
std::optional<Subnet> ParseSubnet(std::string_view text);

// The first /24 of 10.89.0.0/16, then of 10.90.0.0/16, from number `start` on and around, that
// overlaps nothing in `occupied`.
std::optional<Subnet> ChooseSubnet(const std::vector<Subnet>& occupied, std::uint32_t start);

// The lowest address of a machine, .2 to .254, that is not in `used`.
std::optional<std::string> FreeAddress(const Subnet& subnet, const std::set<std::string>& used);

}  // namespace podwright::clouds::lab
