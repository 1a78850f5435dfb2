#include "reconciler/control/readiness.h"

namespace podwright::control {
namespace {

// Of one server's facts; beyond this they are soft only.
constexpr std::size_t kMaxSeenBytes = 256U << 10;

}  // namespace

void ClearStall(v1::ObjectStanding& state) {
  state.clear_stalled_digest();
  state.clear_stalled_run();
  state.clear_stalled_reason();
  state.clear_stalled_message();
  state.clear_stalled_unix_ms();
}

void AddReady(Core& core, Change& change, const ObjectId& object) {
  const ObjectRow* row = core.tables.Find(object);
  if (row == nullptr || row->object.lifecycle() != v1::LIFECYCLE_LIVE) return;
  v1::ObjectStanding& state = change.State(object);
  const bool newly = state.ready_generation() != row->object.generation();
  state.set_was_ready(true);
  state.set_ready_generation(row->object.generation());
  ClearStall(state);
  if (newly) change.Tell(MakeObjectEvent(object, "object.ready", object.Text() + " is ready"));
  for (const std::string& name : core.facts.ServersOf(object)) core.Wake(AgentWork({object.workspace, name}));
}

void AddSeenFacts(Core& core, Change& change, const std::set<ObjectId>& objects) {
  std::set<ServerId> servers;
  for (const ObjectId& object : objects) {
    for (const std::string& name : core.facts.ServersOf(object)) servers.insert({object.workspace, name});
  }
  for (const ServerId& server : servers) {
    const auto known = core.tables.seen.find(server);
    if (known == core.tables.seen.end()) continue;
    v1::SeenAgent seen = known->second;
    seen.clear_facts();
    std::size_t bytes = 0;
    for (v1::ObservedFacts& facts : core.facts.SeenOn(server)) {
      bytes += facts.ByteSizeLong();
      if (bytes > kMaxSeenBytes) break;
      *seen.add_facts() = std::move(facts);
    }
    change.PutSeen(std::move(seen));
  }
}

}  // namespace podwright::control
