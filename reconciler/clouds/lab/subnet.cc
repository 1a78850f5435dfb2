#include "reconciler/clouds/lab/subnet.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace podwright::clouds::lab {
namespace {

std::uint32_t Mask(int prefix) {
  return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
}

std::string FormatAddress(std::uint32_t address) {
  return std::to_string(address >> 24) + "." + std::to_string((address >> 16) & 255U) + "." +
         std::to_string((address >> 8) & 255U) + "." + std::to_string(address & 255U);
}

}  // namespace

bool Subnet::Overlaps(const Subnet& other) const {
  const std::uint32_t mask = Mask(std::min(prefix, other.prefix));
  return (base & mask) == (other.base & mask);
}

std::string Subnet::Address(std::uint32_t n) const {
  return FormatAddress(base + n);
}

std::string Subnet::ToString() const {
  return FormatAddress(base) + "/" + std::to_string(prefix);
}

std::optional<Subnet> ParseSubnet(std::string_view text) {
  Subnet subnet;
  subnet.prefix = 32;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), subnet.prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || subnet.prefix < 0 || subnet.prefix > 32) {
      return std::nullopt;
    }
  }
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(text.substr(0, slash)).c_str(), &address) != 1) return std::nullopt;
  subnet.base = ntohl(address.s_addr) & Mask(subnet.prefix);
  return subnet;
}

std::optional<Subnet> ChooseSubnet(const std::vector<Subnet>& occupied, std::uint32_t start) {
  constexpr std::uint32_t kFirst = (10U << 24) | (89U << 16);
  for (std::uint32_t block = 0; block < 2; ++block) {
    for (std::uint32_t i = 0; i < 256; ++i) {
      const Subnet candidate{kFirst + (block << 16) + (((start + i) % 256) << 8), 24};
      if (std::none_of(occupied.begin(), occupied.end(), [&](const Subnet& o) { return o.Overlaps(candidate); })) {
        return candidate;
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> FreeAddress(const Subnet& subnet, const std::set<std::string>& used) {
  for (std::uint32_t n = 2; n <= 254; ++n) {
    std::string address = subnet.Address(n);
    if (!used.contains(address)) return address;
  }
  return std::nullopt;
}

}  // namespace podwright::clouds::lab
