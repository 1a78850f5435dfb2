// Where another program of the host (Docker, ufw) drops forwarded packets by default, the lab's own
// nftables table cannot overrule it: a packet passes only what every table lets pass. So the lab
// puts its rules into that chain as well, marked with a comment, and takes them out again.
//
// Threading: none; the owner serialises.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "reconciler/clouds/cloud.h"

namespace podwright::clouds::lab {

// Nothing to do where the chain "filter FORWARD" is absent or accepts by default.
Status AllowForwarding(const std::string& bridge, const CallOptions& options);
Status ForgetForwarding(const std::string& bridge, const CallOptions& options);

// The answer of `nft --json --handle list chain ip filter FORWARD`. Pure.
struct ForwardChain {
  bool drops = false;
  std::vector<long> ours;  // handles of the rules with our comment
};
ForwardChain ParseForwardChain(std::string_view answer, std::string_view comment);

}  // namespace podwright::clouds::lab
