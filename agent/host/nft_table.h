// Podwright's nftables table as text for `nft -f`, and read back from `nft -j`. Pure; any thread.
#pragma once

#include <string>

#include "core/result.h"
#include "kinds/firewall/firewall_form.h"

namespace podwright::host {

// Replaces the table in one transaction. Invalid-argument for a line that could not be quoted safely.
Result<std::string> NftScript(const kinds::FirewallTable& table);
std::string NftRemoveScript();
// Puts `text` in the place of the table, in one transaction; with no text the table goes.
std::string NftReplaceScript(const std::string& table, const std::string& text);
// What `nft list table inet podwright` printed, as a script that brings that table back.
std::string NftRestoreScript(const std::string& listing);
// What `nft -j list table inet podwright` printed. Rules of no declaration become `foreign`.
Result<kinds::FirewallTable> ParseNftTable(const std::string& json);

}  // namespace podwright::host
