// WireGuard's interfaces on the server, by the program `wg`. Interfaces come and go with their units (wg-quick@NAME);
// here they are looked at and their peers set. Threading: one caller at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::host {

struct WireguardPeer {
  std::set<std::string> allowed_ips;       // "10.90.0.2/32"
  std::int64_t latest_handshake_unix = 0;  // 0: never
};

struct WireguardDevice {
  std::string public_key;
  std::int64_t port = 0;
  std::map<std::string, WireguardPeer> peers;  // by public key
};

class Wireguard {
 public:
  virtual ~Wireguard() = default;
  // Nothing where there is no such interface, or no WireGuard.
  virtual Result<std::optional<WireguardDevice>> Show(const std::string& interface) = 0;
  // Makes the interface what the configuration says (keys, port, peers), without disturbing what is the same.
  virtual Status SyncConf(const std::string& interface, const std::string& configuration) = 0;
  virtual Result<std::string> GenerateKey() = 0;
  virtual Result<std::string> PublicKey(const std::string& private_key) = 0;
  // Waits until the peer has made a handshake; false where it did not within the limit.
  virtual Result<bool> AwaitHandshake(const std::string& interface, const std::string& public_key,
                                      std::chrono::milliseconds limit) = 0;
  // Sends something to each address, so that handshakes are made now and not with the next packet.
  virtual void Nudge(const std::vector<std::string>& addresses) = 0;
};

}  // namespace podwright::host
