// The kernel's nftables, by the `nft` program. Threading: one caller at a time.
#pragma once

#include "agent/host/firewall.h"

namespace podwright::host {

class NftFirewall final : public Firewall {
 public:
  Result<std::optional<kinds::FirewallTable>> Read() override;
  Status Replace(const kinds::FirewallTable& table) override;
  Status RemoveTable() override;
  Result<std::optional<std::string>> Listing(const std::string& table) override;
  Status ReplaceTable(const std::string& table, const std::string& text) override;
  Status RemoveTable(const std::string& table) override;
  Result<std::string> RestoreScript() override;
  Status Load(const std::string& script) override;
  std::vector<std::string> LoadCommand(const std::string& path) const override;
};

}  // namespace podwright::host
