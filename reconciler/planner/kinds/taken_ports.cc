#include "reconciler/planner/kinds/taken_ports.h"

#include <algorithm>

#include "kinds/database/database_form.h"
#include "podwright/v1/kinds/cache.pb.h"
#include "podwright/v1/kinds/database.pb.h"

namespace podwright::planner {
namespace {

using v1::kinds::CacheSpec;
using v1::kinds::DatabaseSpec;

template <typename List>
bool Has(const List& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::map<std::int64_t, std::string> PortsOf(const ObjectInput& object, const std::string& server) {
  std::map<std::int64_t, std::string> ports;
  if (object.key.kind == "database") {
    const auto& spec = static_cast<const DatabaseSpec&>(*object.spec);
    if (Has(spec.members(), server)) ports[kinds::DatabasePort(spec)] = object.key.Text();
  } else if (object.key.kind == "cache") {
    const auto& spec = static_cast<const CacheSpec&>(*object.spec);
    if (Has(spec.members(), server)) ports[spec.port()] = "Redis of " + object.key.Text();
    if (Has(spec.sentinel().servers(), server)) ports[spec.sentinel().port()] = "Sentinel of " + object.key.Text();
  }
  return ports;
}

}  // namespace

Status CheckTakenPorts(const ObjectInput& object, const std::string& server,
                       const std::map<std::int64_t, std::string>& ports, RecordingReader& reader) {
  for (const Referrer& referrer : reader.Referrers({"server", server})) {
    if (referrer.key.kind == object.key.kind || referrer.lifecycle != ObjectLifecycle::kLive) continue;
    if (referrer.key.kind != "database" && referrer.key.kind != "cache") continue;
    const ObjectInput* other = reader.Object(referrer.key);
    if (other == nullptr) continue;
    for (const auto& [port, what] : PortsOf(*other, server)) {
      const auto clash = ports.find(port);
      if (clash == ports.end()) continue;
      return FailedPrecondition("server/" + server + " has the port " + std::to_string(port) +
                                " twice: " + clash->second + " and " + what + ": give one of them another");
    }
  }
  return Ok();
}

}  // namespace podwright::planner
