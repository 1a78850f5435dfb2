// The members of a backend as nginx reads them. They stand in files of their own, which the agent writes anew when a
// member fails, comes back or changes its role: the configuration that a plan confirmed stays as it is.
// Pure; any thread.
#pragma once

#include <string>

namespace podwright::v1::kinds {
class LoadBalancerKeptBackend;
class LoadBalancerUpstream;
}  // namespace podwright::v1::kinds

namespace podwright::kinds {

// What stands in the block `upstream`. A candidate without a state is up. Where all are down, all are in: an error of
// the checks must not be worse than no checks. Those with another role never are, except the last known primary.
std::string UpstreamText(const std::string& backend, const v1::kinds::LoadBalancerUpstream& upstream,
                         const v1::kinds::LoadBalancerKeptBackend& states);

// SHA-256 in hex over everything that the upstream says, with its addresses.
std::string UpstreamDigest(const v1::kinds::LoadBalancerUpstream& upstream);

}  // namespace podwright::kinds
