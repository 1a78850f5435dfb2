#include "reconciler/control/agents.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/log.h"
#include "core/log_keys.h"

namespace podwright::control {
namespace {

constexpr std::chrono::milliseconds kProgressEvery{1000};
constexpr std::size_t kMaxMessageBytes = 4096;

// Equal but for what changes with every Hello.
bool SameAgent(const v1::SeenAgent& a, const v1::SeenAgent& b) {
  v1::SeenAgent x = a;
  v1::SeenAgent y = b;
  for (v1::SeenAgent* agent : {&x, &y}) {
    agent->clear_unix_ms();
    agent->clear_facts();
    agent->clear_event_sequence();
  }
  return x.agent_version() == y.agent_version() && x.capabilities().size() == y.capabilities().size() &&
         std::equal(x.verbs().begin(), x.verbs().end(), y.verbs().begin(), y.verbs().end()) &&
         std::equal(x.addresses().begin(), x.addresses().end(), y.addresses().begin(), y.addresses().end()) &&
         std::all_of(x.capabilities().begin(), x.capabilities().end(), [&](const auto& pair) {
           const auto it = y.capabilities().find(pair.first);
           return it != y.capabilities().end() && it->second == pair.second;
         });
}

std::string PauseReason(const v1::ObjectStanding& state) {
  return state.pause_reason().empty() ? "paused by " + state.pause_actor() : state.pause_reason();
}

}  // namespace

void Agents::Send(const ServerId& server, const v1::ControlMessage& message) {
  // A stream that has just gone: its next Hello brings us back here.
  static_cast<void>(core_.deps.link.Send(server.workspace, server.server, message).ok());
}

Status Agents::OnConnected(const ServerId& server, std::uint64_t session, const v1::Hello& hello) {
  AgentRow& row = core_.agents[server];
  if (session < row.session) return Ok();
  const bool was_connected = row.connected;
  const bool rebooted = !row.boot_id.empty() && row.boot_id != hello.boot_id();
  row.connected = true;
  row.session = session;
  row.boot_id = hello.boot_id();
  row.last_seen = core_.Now();
  row.changed = core_.Steady();
  row.host_paused_until_unix_ms = 0;
  for (const v1::PauseState& pause : hello.paused()) {
    if (pause.on_host()) row.host_paused_until_unix_ms = pause.until_unix_ms();
  }
  row.running = {hello.running().begin(), hello.running().end()};

  v1::SeenAgent seen;
  seen.set_workspace(server.workspace);
  seen.set_server(server.server);
  seen.set_agent_version(hello.agent_version());
  *seen.mutable_verbs() = hello.verbs();
  *seen.mutable_capabilities() = hello.capabilities();
  *seen.mutable_addresses() = hello.addresses();
  seen.set_unix_ms(core_.NowMillis());
  const auto known = core_.tables.seen.find(server);
  const bool same = known != core_.tables.seen.end() && SameAgent(known->second, seen);
  if (known != core_.tables.seen.end()) {
    seen.set_event_sequence(known->second.event_sequence());
    *seen.mutable_facts() = known->second.facts();
  }
  Change change(core_);
  if (!same) change.PutSeen(std::move(seen));
  if (!was_connected) {
    v1::Event event = MakeEvent(server.workspace, "agent.connected", "the agent of " + server.server + " is here");
    event.set_server(server.server);
    if (rebooted) (*event.mutable_fields())["rebooted"] = "true";
    change.Tell(std::move(event));
  }
  if (!change.empty()) PW_TRY(change.Commit());
  DropMissing(server, hello);
  for (const v1::ObservedFacts& facts : hello.facts()) TakeFacts(server, facts);
  for (const v1::ActionResult& result : hello.unacknowledged()) PW_TRY(executor_.OnResult(server, result));
  executor_.WakeRunsOf(server);
  core_.Wake(AgentWork(server));
  core_.Wake(ReconcileWork(server.workspace));
  return Ok();
}

// Hello holds everything: what it does not name, the agent does not know any more.
void Agents::DropMissing(const ServerId& server, const v1::Hello& hello) {
  std::set<std::pair<std::string, std::string>> named;
  for (const v1::ObservedFacts& facts : hello.facts()) named.emplace(facts.object().kind(), facts.object().name());
  for (v1::ObservedFacts facts : core_.facts.SeenOn(server)) {
    if (named.contains({facts.object().kind(), facts.object().name()})) continue;
    facts.set_gone(true);
    facts.clear_spec_uid();
    static_cast<void>(core_.facts.PutObserved(server, facts, core_.Steady(), true).ok());
  }
}

void Agents::TakeFacts(const ServerId& server, const v1::ObservedFacts& facts) {
  const ObjectId object = IdOf(server.workspace, facts.object());
  const ObjectRow* row = core_.tables.Find(object);
  const bool ours = row != nullptr && (facts.spec_uid().empty() || facts.spec_uid() == row->object.uid());
  if (!ours && !facts.gone()) {
    v1::ControlMessage message;
    *message.mutable_forget()->mutable_object() = facts.object();
    message.mutable_forget()->set_uid(facts.spec_uid());
    Send(server, message);
    return;
  }
  const Status put = core_.facts.PutObserved(server, facts, core_.Steady(), true);
  if (!put.ok()) {
    log::Warn("an agent's facts were refused",
              {{log::key::kServer, server.server}, {log::key::kError, put.error().ToString()}});
  }
}

Status Agents::OnMessage(const ServerId& server, std::uint64_t session, const v1::AgentMessage& message) {
  AgentRow& row = core_.agents[server];
  if (session != row.session) return Ok();
  row.last_seen = core_.Now();
  switch (message.body_case()) {
    case v1::AgentMessage::kHeartbeat:
      row.health = {message.heartbeat().health().begin(), message.heartbeat().health().end()};
      return Ok();
    case v1::AgentMessage::kFacts:
      for (const v1::ObservedFacts& facts : message.facts().facts()) TakeFacts(server, facts);
      core_.Wake(ReconcileWork(server.workspace));
      core_.Wake(AgentWork(server));
      return Ok();
    case v1::AgentMessage::kResult: {
      const RunId run{server.workspace, message.result().run()};
      PW_TRY(executor_.OnResult(server, message.result()));
      core_.Wake(RunWork(run));
      return Ok();
    }
    case v1::AgentMessage::kProgress: return OnProgress(server, message.progress());
    case v1::AgentMessage::kEvent: return OnEvent(server, message.event());
    case v1::AgentMessage::kObserveReply:
      if (message.observe_reply().error().empty()) TakeFacts(server, message.observe_reply().facts());
      executor_.WakeRunsOf(server);
      core_.Wake(ReconcileWork(server.workspace));
      return Ok();
    default: return Ok();
  }
}

Status Agents::OnProgress(const ServerId& server, const v1::ActionProgress& progress) {
  const RunId run{server.workspace, progress.run()};
  if (!core_.tables.unfinished.contains(run)) return Ok();
  SteadyTime& last = progress_[{progress.run(), progress.action_id()}];
  const SteadyTime now = core_.Steady();
  if (last != SteadyTime{} && now < last + kProgressEvery) return Ok();
  if (progress_.size() > 1000) progress_.clear();
  progress_[{progress.run(), progress.action_id()}] = now;
  Change change(core_);
  v1::Event event = MakeEvent(server.workspace, "run.action.progress", progress.message().substr(0, kMaxMessageBytes));
  event.set_server(server.server);
  event.set_run(progress.run());
  event.set_action(progress.action_id());
  change.Tell(std::move(event));
  PW_TRY(change.Commit());
  return Ok();
}

// What the agent does while somebody has paused it on its server: nothing, so that nothing is sent to it.
void Agents::TakeHostPause(const ServerId& server, const v1::Event& event) {
  AgentRow& row = core_.agents[server];
  if (event.type() == "agent.resumed") {
    row.host_paused_until_unix_ms = 0;
  } else if (event.type() == "agent.paused") {
    const auto until = event.fields().find("until");
    std::int64_t value = 0;
    if (until != event.fields().end()) {
      std::from_chars(until->second.data(), until->second.data() + until->second.size(), value);
    }
    row.host_paused_until_unix_ms = value;
  } else {
    return;
  }
  for (const ObjectId& object : core_.facts.ObjectsOn(server)) core_.Look(object);
  executor_.WakeRunsOf(server);
  core_.Wake(ReconcileWork(server.workspace));
}

Status Agents::OnEvent(const ServerId& server, const v1::AgentEvent& told) {
  TakeHostPause(server, told.event());
  const auto known = core_.tables.seen.find(server);
  if (known != core_.tables.seen.end() && told.sequence() > known->second.event_sequence()) {
    Change change(core_);
    v1::SeenAgent seen = known->second;
    seen.set_event_sequence(told.sequence());
    change.PutSeen(std::move(seen));
    v1::Event event = told.event();
    event.clear_revision();
    event.set_workspace(server.workspace);
    event.set_server(server.server);
    event.set_actor("agent:" + server.server);
    if (event.message().size() > kMaxMessageBytes) event.mutable_message()->resize(kMaxMessageBytes);
    if (event.fields().size() > 50) event.clear_fields();
    change.Tell(std::move(event));
    PW_TRY(change.Commit());
  }
  v1::ControlMessage message;
  message.mutable_event_ack()->set_sequence(told.sequence());
  Send(server, message);
  return Ok();
}

Status Agents::OnDisconnected(const ServerId& server, std::uint64_t session) {
  const auto it = core_.agents.find(server);
  if (it == core_.agents.end() || it->second.session != session || !it->second.connected) return Ok();
  it->second.connected = false;
  it->second.changed = core_.Steady();
  executor_.WakeRunsOf(server);
  core_.Wake(ReconcileWork(server.workspace));
  Change change(core_);
  v1::Event event = MakeEvent(server.workspace, "agent.disconnected", "the agent of " + server.server + " is away");
  event.set_server(server.server);
  change.Tell(std::move(event));
  PW_TRY(change.Commit());
  return Ok();
}

Status Agents::Tend(const ServerId& server) {
  const auto it = core_.agents.find(server);
  if (it == core_.agents.end() || !it->second.connected) return Ok();
  Told& told = told_[server];
  if (told.session != it->second.session) told = Told{it->second.session, {}, {}, false};
  for (const ObjectId& object : core_.facts.ObjectsOn(server)) {
    const ObjectRow* row = core_.tables.Find(object);
    if (row == nullptr || row->object.lifecycle() == v1::LIFECYCLE_TOMBSTONE) continue;
    const v1::ObjectStanding state = core_.tables.StateOf(object);
    const std::int64_t generation = row->object.generation();
    const SeenFacts* seen = core_.facts.Seen(object, server.server);
    const bool has_it = seen != nullptr && seen->facts.confirmed_generation() >= generation;
    if (state.ready_generation() != generation || has_it || told.confirmed[object] == generation) continue;
    v1::ControlMessage message;
    v1::Confirm* confirm = message.mutable_confirm();
    *confirm->mutable_object() = RefOf(object);
    confirm->set_uid(row->object.uid());
    confirm->set_spec(row->object.spec());
    confirm->set_generation(generation);
    confirm->set_epoch(core_.epoch);
    told.confirmed[object] = generation;
    Send(server, message);
  }
  return TellPauses(server, told);
}

Status Agents::TellPauses(const ServerId& server, Told& told) {
  v1::ControlMessage message;
  v1::PauseChange* pause = message.mutable_pause();
  for (const ObjectId& object : core_.facts.ObjectsOn(server)) {
    const v1::ObjectStanding state = core_.tables.StateOf(object);
    if (state.paused_until_unix_ms() <= core_.NowMillis()) continue;
    v1::PauseState* paused = pause->add_paused();
    *paused->mutable_object() = RefOf(object);
    paused->set_until_unix_ms(state.paused_until_unix_ms());
    paused->set_reason(PauseReason(state));
  }
  const std::string encoded = message.SerializeAsString();
  if (told.pauses_told && told.pauses == encoded) return Ok();
  told.pauses = encoded;
  told.pauses_told = true;
  Send(server, message);
  return Ok();
}

std::vector<AgentState> Agents::States(const std::string& workspace) const {
  std::vector<AgentState> out;
  const bool all = workspace.empty() || workspace == "*";
  for (const auto& [server, row] : core_.agents) {
    if (!all && server.workspace != workspace) continue;
    AgentState state;
    state.workspace = server.workspace;
    state.server = server.server;
    state.connected = row.connected;
    state.last_seen_unix_ms = ToUnixMillis(row.last_seen);
    const auto seen = core_.tables.seen.find(server);
    if (seen != core_.tables.seen.end()) {
      state.version = seen->second.agent_version();
      state.addresses.assign(seen->second.addresses().begin(), seen->second.addresses().end());
    }
    out.push_back(std::move(state));
  }
  return out;
}

}  // namespace podwright::control
