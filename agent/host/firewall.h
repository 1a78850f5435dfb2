// Podwright's own nftables tables: `inet podwright`, of the server, and further ones by name (`podwright_…`), whose
// text the caller makes. No other table is read or touched.
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
  // A further table: the kernel's own words for it; nothing where there is none.
  virtual Result<std::optional<std::string>> Listing(const std::string& table) = 0;
  // `text` is the whole table, `table inet NAME { … }`; in one transaction.
  virtual Status ReplaceTable(const std::string& table, const std::string& text) = 0;
  virtual Status RemoveTable(const std::string& table) = 0;

  // An nft script that brings back the table of this moment, or its absence.
  virtual Result<std::string> RestoreScript() = 0;
  virtual Status Load(const std::string& script) = 0;
  // What loads the script in `path`, for a timer of systemd.
  virtual std::vector<std::string> LoadCommand(const std::string& path) const = 0;
};

}  // namespace podwright::host
