// WireGuard of the machine that the agent runs on, by `wg`. Threading: as the interface says.
#pragma once

#include "agent/host/wireguard.h"

namespace podwright::host {

class WgTool final : public Wireguard {
 public:
  Result<std::optional<WireguardDevice>> Show(const std::string& interface) override;
  Status SyncConf(const std::string& interface, const std::string& configuration) override;
  Result<std::string> GenerateKey() override;
  Result<std::string> PublicKey(const std::string& private_key) override;
  Result<bool> AwaitHandshake(const std::string& interface, const std::string& public_key,
                              std::chrono::milliseconds limit) override;
  void Nudge(const std::vector<std::string>& addresses) override;
};

// What `wg show INTERFACE dump` printed. Pure; for WgTool and its test.
Result<WireguardDevice> ParseWgDump(const std::string& dump);

}  // namespace podwright::host
