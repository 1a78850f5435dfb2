// The blocks `location` of one host: its routes in nginx's own order of precedence. Internal to the rendering.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

namespace podwright::v1::kinds {
class LoadBalancerRoute;
class LoadBalancerSpec;
}  // namespace podwright::v1::kinds

namespace podwright::kinds {

struct NamedRoute {
  std::string name;
  const v1::kinds::LoadBalancerRoute* route;  // never null
};

// `routes` by name. Together with what they need in the block `server`.
std::string Locations(const std::vector<NamedRoute>& routes, const v1::kinds::LoadBalancerSpec& spec);

}  // namespace podwright::kinds
