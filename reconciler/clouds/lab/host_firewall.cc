#include "reconciler/clouds/lab/host_firewall.h"

#include <nlohmann/json.hpp>

#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kLimit{20};

// An absent chain and an old nft without JSON both read as a chain that lets pass.
ForwardChain ReadChain(const std::string& comment, const CallOptions& options) {
  const auto answer =
      RunTool({"nft", "--json", "--handle", "list", "chain", "ip", "filter", "FORWARD"}, options, kLimit);
  return answer.ok() ? ParseForwardChain(*answer, comment) : ForwardChain{};
}

}  // namespace

ForwardChain ParseForwardChain(std::string_view answer, std::string_view comment) {
  ForwardChain result;
  const json document = json::parse(answer, nullptr, false);
  if (!document.is_object()) return result;
  const auto items = document.find("nftables");
  if (items == document.end() || !items->is_array()) return result;
  for (const auto& item : *items) {
    if (!item.is_object()) continue;
    if (const auto chain = item.find("chain"); chain != item.end() && chain->is_object()) {
      const auto policy = chain->find("policy");
      result.drops = policy != chain->end() && *policy == "drop";
    }
    if (const auto rule = item.find("rule"); rule != item.end() && rule->is_object()) {
      const auto text = rule->find("comment");
      const auto handle = rule->find("handle");
      if (text == rule->end() || handle == rule->end() || !handle->is_number_integer()) continue;
      if (text->is_string() && text->get<std::string>() == comment) result.ours.push_back(handle->get<long>());
    }
  }
  return result;
}

Status AllowForwarding(const std::string& bridge, const CallOptions& options) {
  const ForwardChain chain = ReadChain(bridge, options);
  if (!chain.drops || !chain.ours.empty()) return Ok();
  const std::string insert = "insert rule ip filter FORWARD ";
  const std::string comment = " counter accept comment \"" + bridge + "\"\n";
  const std::string rules = insert + "iifname \"" + bridge + "\"" + comment +  //
                            insert + "oifname \"" + bridge + "\"" + comment;
  PW_TRY(RunTool({"nft", "-f", "-"}, options, kLimit, {rules, {}}));
  return Ok();
}

Status ForgetForwarding(const std::string& bridge, const CallOptions& options) {
  std::string rules;
  for (const long handle : ReadChain(bridge, options).ours) {
    rules += "delete rule ip filter FORWARD handle " + std::to_string(handle) + "\n";
  }
  if (!rules.empty()) PW_TRY(RunTool({"nft", "-f", "-"}, options, kLimit, {rules, {}}));
  return Ok();
}

}  // namespace podwright::clouds::lab
