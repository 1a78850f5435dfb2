// Podwright's own nftables table, `inet podwright`. No other table is read or touched.
// Threading: one caller at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "kinds/firewall/firewall_form.h"

namespace podwright::host {

class Firewall {
 public:
  virtual ~Firewall() = default;
  // Nothing where there is no table.
  virtual Result<std::optional<kinds::FirewallTable>> Read() = 0;
  // In one transaction of the kernel.
  virtual Status Replace(const kinds::FirewallTable& table) = 0;
  virtual Status RemoveTable() = 0;
  // An nft script that brings back the table of this moment, or its absence.
  virtual Result<std::string> RestoreScript() = 0;
  virtual Status Load(const std::string& script) = 0;
  // What loads the script in `path`, for a timer of systemd.
  virtual std::vector<std::string> LoadCommand(const std::string& path) const = 0;
};

}  // namespace podwright::host
