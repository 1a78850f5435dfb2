#include "agent/drivers/driver.h"

#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers {

TickOutcome Driver::Tick(std::vector<v1::ObjectState>& /*states*/) {
  return {};
}

bool Driver::ClaimsRoles(const v1::ObjectState& /*state*/) const {
  return false;
}

std::vector<roles::RoleClaim> Driver::Roles(const v1::ObjectState& /*state*/) const {
  return {};
}

}  // namespace podwright::drivers
