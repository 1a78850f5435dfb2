#include "agent/host/real_firewall.h"

#include "agent/host/nft_table.h"
#include "agent/host/programs.h"

namespace podwright::host {
namespace {

// The listing; nothing where there is no table, or no nftables at all.
Result<std::optional<std::string>> List(bool json, const std::string& table = "podwright") {
  std::vector<std::string> argv = {"nft"};
  if (json) argv.emplace_back("-j");
  argv.insert(argv.end(), {"list", "table", "inet", table});
  const ProcessRequest request = Program(argv);
  const auto result = RunProcess(request);
  if (!result.ok()) {
    if (result.error().code() == ErrorCode::kNotFound) return std::optional<std::string>();
    return result.error();
  }
  if (result->Succeeded() && !result->truncated) return std::optional<std::string>(result->out);
  if (result->err.find("No such file or directory") != std::string::npos) return std::optional<std::string>();
  return ProcessFailure(request, *result);
}

}  // namespace

Result<std::optional<kinds::FirewallTable>> NftFirewall::Read() {
  PW_ASSIGN(const auto listing, List(true));
  if (!listing) return std::optional<kinds::FirewallTable>();
  PW_ASSIGN(kinds::FirewallTable table, ParseNftTable(*listing));
  return std::optional<kinds::FirewallTable>(std::move(table));
}

Status NftFirewall::Replace(const kinds::FirewallTable& table) {
  PW_ASSIGN(const std::string script, NftScript(table));
  return Load(script);
}

Status NftFirewall::RemoveTable() {
  return Load(NftRemoveScript());
}

Result<std::optional<std::string>> NftFirewall::Listing(const std::string& table) {
  return List(false, table);
}

Status NftFirewall::ReplaceTable(const std::string& table, const std::string& text) {
  return Load(NftReplaceScript(table, text));
}

Status NftFirewall::RemoveTable(const std::string& table) {
  return Load(NftReplaceScript(table, ""));
}

Result<std::string> NftFirewall::RestoreScript() {
  PW_ASSIGN(const auto listing, List(false));
  return listing ? NftRestoreScript(*listing) : NftRemoveScript();
}

Status NftFirewall::Load(const std::string& script) {
  ProcessRequest request = Program({"nft", "-f", "-"});
  request.stdin_bytes = script;
  const auto result = RunForOutput(request);
  if (!result.ok()) return result.error();
  return Ok();
}

std::vector<std::string> NftFirewall::LoadCommand(const std::string& path) const {
  return {"/usr/sbin/nft", "-f", path};
}

}  // namespace podwright::host
