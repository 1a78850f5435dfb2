// A load balancer's shared address: who shall have it, and keepalived's configuration for it.
//
// VRRP goes by unicast among the balancer's own servers, and nothing is taken from any other address. It has no
// password: version 3 knows none, and that of version 2 went over the network in the clear. Pure; any thread. Errors:
// kInvalidArgument.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {

inline constexpr char kKeepalivedPackage[] = "keepalived";

struct SharedAddress {
  std::string address;  // in normal form
  int prefix_length = 0;
  bool six = false;
  std::string Text() const { return address + "/" + std::to_string(prefix_length); }
};

// "192.0.2.10/24"; without a length it is the address alone.
Result<SharedAddress> ParseSharedAddress(const std::string& text);

// Of VRRP, 1 to 255: as declared, else made from the object's name.
std::int64_t SharedRouterId(const std::string& object, const v1::kinds::LoadBalancerSharedAddress& shared);
// The highest that works has the address: 200 for the preferred server, then in the order of `servers`.
std::int64_t SharedPriority(const v1::kinds::LoadBalancerSpec& spec, const std::string& server);

// The action's bytes whatever their order: LoadBalancerObservedAddress.configuration. Hexadecimal.
std::string SharedAddressDigest(const v1::kinds::LoadBalancerAddressAction& action);

// "podwright-lb-shop-http.service"; side: http, streams, address.
std::string LoadBalancerUnit(const std::string& object, const std::string& side);

// keepalived.conf. All addresses are there; they, the interface and the sides are checked, for they may be other
// servers' words.
Result<std::string> KeepalivedText(const std::string& object, const v1::kinds::LoadBalancerAddressAction& action,
                                   const std::string& interface);
// The unit that runs it.
std::string KeepalivedUnitText(const std::string& object, const std::string& configuration_path);

}  // namespace podwright::kinds
