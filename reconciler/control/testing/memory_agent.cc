#include "reconciler/control/testing/memory_agent.h"

#include "core/digest.h"
#include "podwright/testing/widget.pb.h"
#include "reconciler/clouds/cloud.h"

namespace podwright::control::testing {
namespace {

std::string KeyOf(const v1::ObjectRef& ref) {
  return ref.kind() + "/" + ref.name();
}

v1::ObjectRef RefOfKey(const std::string& key) {
  v1::ObjectRef ref;
  ref.set_kind(key.substr(0, key.find('/')));
  ref.set_name(key.substr(key.find('/') + 1));
  return ref;
}

template <typename Message>
Message Parse(const std::string& bytes) {
  Message message;
  message.ParseFromString(bytes);
  return message;
}

}  // namespace

MemoryAgent::MemoryAgent(std::string workspace, std::string server)
    : workspace_(std::move(workspace)), server_(std::move(server)) {
  verbs_ = {"widget.put",          "widget.remove",         "server.file.write",
            "server.file.remove",  "server.secret.deliver", "server.secret.remove",
            "server.agent.release"};
}

int MemoryAgent::total_effects() const {
  int total = 0;
  for (const auto& [id, count] : effects_) total += count;
  return total;
}

void MemoryAgent::FailNext(const std::string& verb, int times, bool permanent) {
  failures_[verb] = {times, permanent};
}

v1::Hello MemoryAgent::MakeHello() const {
  v1::Hello hello;
  hello.set_agent_version("0.1.0");
  hello.set_boot_id("boot-" + std::to_string(boot_));
  for (const std::string& verb : verbs_) hello.add_verbs(verb);
  (*hello.mutable_capabilities())["os"] = "debian 12";
  hello.set_highest_epoch(highest_epoch_);
  hello.set_hostname(server_);
  hello.add_addresses("192.0.2.1");
  for (const auto& [key, kept] : watched_) *hello.add_facts() = Observe(RefOfKey(key), kept.spec, kept.uid);
  for (const auto& [id, entry] : journal_) {
    if (entry.done && entry.acknowledged) continue;
    if (entry.done) {
      *hello.add_unacknowledged() = entry.result;
    } else {
      hello.add_running(id.first.substr(0, id.first.find('@')));
    }
  }
  return hello;
}

void MemoryAgent::OnWelcome(const v1::Welcome& welcome) {
  if (welcome.epoch() > highest_epoch_) highest_epoch_ = welcome.epoch();
  for (const auto& [sequence, event] : unacknowledged_events_) {
    v1::AgentMessage message;
    *message.mutable_event() = event;
    Say(std::move(message));
  }
}

void MemoryAgent::Handle(const v1::ControlMessage& message) {
  switch (message.body_case()) {
    case v1::ControlMessage::kDispatch: return OnDispatch(message.dispatch());
    case v1::ControlMessage::kObserve: {
      if (silent_) return;
      v1::AgentMessage reply;
      reply.mutable_observe_reply()->set_id(message.observe().id());
      *reply.mutable_observe_reply()->mutable_facts() =
          Observe(message.observe().object(), message.observe().spec(), message.observe().object_uid());
      return Say(std::move(reply));
    }
    case v1::ControlMessage::kResultAck: {
      // The answer stays, for whoever asks again.
      const auto it = journal_.find(
          {message.result_ack().action_id() + "@" + message.result_ack().run(), message.result_ack().attempt()});
      if (it != journal_.end()) it->second.acknowledged = true;
      return;
    }
    case v1::ControlMessage::kConfirm: {
      const v1::Confirm& confirm = message.confirm();
      if (confirm.epoch() < highest_epoch_) {
        ++refused_;
        return;
      }
      confirmed_[KeyOf(confirm.object())] = {confirm.spec(), confirm.uid(), confirm.generation()};
      watched_[KeyOf(confirm.object())] = confirmed_[KeyOf(confirm.object())];
      return Report(confirm.object());
    }
    case v1::ControlMessage::kForget:
      confirmed_.erase(KeyOf(message.forget().object()));
      watched_.erase(KeyOf(message.forget().object()));
      return;
    case v1::ControlMessage::kPause:
      paused_.clear();
      for (const v1::PauseState& pause : message.pause().paused()) paused_.insert(KeyOf(pause.object()));
      return;
    case v1::ControlMessage::kEventAck: unacknowledged_events_.erase(message.event_ack().sequence()); return;
    default: return;
  }
}

void MemoryAgent::OnDispatch(const v1::Dispatch& dispatch) {
  const std::pair<std::string, std::uint32_t> key{dispatch.action().id() + "@" + dispatch.run(), dispatch.attempt()};
  if (dispatch.epoch() < highest_epoch_) {
    ++refused_;
    v1::AgentMessage message;
    v1::ActionResult* result = message.mutable_result();
    result->set_action_id(dispatch.action().id());
    result->set_run(dispatch.run());
    result->set_attempt(dispatch.attempt());
    result->mutable_outcome()->set_error("refused: epoch " + std::to_string(dispatch.epoch()) + " is old");
    result->mutable_outcome()->set_permanent(true);
    return Say(std::move(message));
  }
  highest_epoch_ = dispatch.epoch();
  const auto known = journal_.find(key);
  if (known == journal_.end()) {
    journal_[key].dispatch = dispatch;
    for (const v1::SealedSecret& secret : dispatch.secrets()) {
      delivered_.insert(secret.name() + "/" + std::to_string(secret.version()) +
                        (secret.key().empty() ? "" : "/" + secret.key()));
    }
  } else if (known->second.done) {
    v1::AgentMessage message;
    *message.mutable_result() = known->second.result;
    return Say(std::move(message));
  }
  RunJournalled();
}

void MemoryAgent::RunJournalled() {
  if (hold_) return;
  for (auto& [key, entry] : journal_) {
    if (entry.done) continue;
    const v1::Dispatch& dispatch = entry.dispatch;
    const std::string object = KeyOf(dispatch.action().object());
    watched_[object] = {dispatch.spec(), dispatch.object_uid(), dispatch.generation()};
    entry.result.set_action_id(dispatch.action().id());
    entry.result.set_run(dispatch.run());
    entry.result.set_attempt(dispatch.attempt());
    entry.result.set_sequence(dispatch.sequence());
    entry.result.set_epoch(dispatch.epoch());
    *entry.result.mutable_outcome() = Act(dispatch);
    *entry.result.add_facts() = Observe(dispatch.action().object(), dispatch.spec(), dispatch.object_uid());
    entry.done = true;
    v1::AgentMessage message;
    *message.mutable_result() = entry.result;
    Say(std::move(message));
  }
}

v1::ActionOutcome MemoryAgent::Act(const v1::Dispatch& dispatch) {
  const v1::Action& action = dispatch.action();
  v1::ActionOutcome outcome;
  const auto failing = failures_.find(action.verb());
  if (failing != failures_.end() && failing->second.first > 0) {
    --failing->second.first;
    outcome.set_error("it was told to fail");
    outcome.set_permanent(failing->second.second);
    return outcome;
  }
  if (!verbs_.contains(action.verb())) {
    outcome.set_error("unknown verb");
    outcome.set_permanent(true);
    return outcome;
  }
  ++effects_[action.id()];
  outcome.set_ok(true);
  outcome.set_changed(true);
  outcome.set_downtime_ms(action.downtime_ms() / 2);
  if (action.verb() == "widget.put") {
    const auto spec = Parse<podwright::testing::WidgetSpec>(action.payload());
    if (spec.fail() && !dispatch.compensation()) {
      --effects_[action.id()];
      outcome.Clear();
      outcome.set_error("the widget is made to fail");
      outcome.set_permanent(true);
      return outcome;
    }
    widgets[action.object().name()] = spec.payload();
    bound[action.object().name()] = {dispatch.bound().begin(), dispatch.bound().end()};
    (*outcome.mutable_proof_after())["invocation_id:widget"] = std::to_string(total_effects());
  } else if (action.verb() == "widget.remove") {
    widgets.erase(action.object().name());
  } else if (action.verb() == "server.file.write") {
    files[action.subject()] = Parse<v1::kinds::FileAction>(action.payload()).file();
    managed_.insert("file:" + action.subject());
  } else if (action.verb() == "server.file.remove") {
    files.erase(action.subject());
    managed_.erase("file:" + action.subject());
  } else if (action.verb() == "server.secret.deliver") {
    const auto payload = Parse<v1::kinds::SecretFileAction>(action.payload());
    secrets[action.subject()] = {payload.secret(), payload.version()};
    secret_parts_[action.subject()] = payload.key();
    managed_.insert("secret:" + action.subject());
  } else if (action.verb() == "server.secret.remove") {
    secrets.erase(action.subject());
    managed_.erase("secret:" + action.subject());
  } else if (action.verb() == "server.agent.release") {
    files.clear();
    secrets.clear();
    managed_.clear();
  }
  return outcome;
}

v1::ObservedFacts MemoryAgent::Observe(const v1::ObjectRef& object, const std::string& spec_bytes,
                                       const std::string& uid) const {
  v1::ObservedFacts facts;
  *facts.mutable_object() = object;
  facts.set_spec_uid(uid);
  const auto confirmed = confirmed_.find(KeyOf(object));
  if (confirmed != confirmed_.end()) facts.set_confirmed_generation(confirmed->second.generation);
  if (object.kind() == "widget") {
    podwright::testing::WidgetObserved observed;
    const auto it = widgets.find(object.name());
    if (it != widgets.end()) observed.set_payload(it->second);
    facts.set_observed(observed.SerializeAsString());
    if (confirmed != confirmed_.end()) {
      const auto wanted = Parse<podwright::testing::WidgetSpec>(confirmed->second.spec);
      facts.set_drifted(it == widgets.end() || it->second != wanted.payload());
      if (facts.drifted()) facts.set_drift("the payload differs");
    }
    return facts;
  }
  const auto spec = Parse<v1::kinds::ServerSpec>(spec_bytes);
  v1::kinds::ServerObserved observed;
  for (const auto& [path, file] : files) {
    if (!spec.files().contains(path) && !managed_.contains("file:" + path)) continue;
    v1::kinds::ServerObservedFile& found = (*observed.mutable_files())[path];
    found.set_type("file");
    found.set_sha256(Sha256(file.content()).Hex());
    found.set_mode(file.has_mode() ? file.mode() : "0644");
    found.set_owner(file.has_owner() ? file.owner() : "root");
    found.set_group(file.has_group() ? file.group() : "root");
  }
  for (const auto& [path, secret] : secrets) {
    v1::kinds::ServerObservedSecret& found = (*observed.mutable_secrets())[path];
    found.set_name(secret.first);
    found.set_version(secret.second);
    if (const auto part = secret_parts_.find(path); part != secret_parts_.end() && !part->second.empty()) {
      found.set_key(part->second);
    }
    found.set_mode("0600");
    found.set_owner("root");
    found.set_group("root");
  }
  for (const std::string& item : managed_) observed.add_managed(item);
  observed.set_os("debian 12");
  facts.set_observed(observed.SerializeAsString());
  if (confirmed != confirmed_.end()) {
    const auto wanted = Parse<v1::kinds::ServerSpec>(confirmed->second.spec);
    for (const auto& [path, file] : wanted.files()) {
      const auto it = files.find(path);
      if (it != files.end() && it->second.content() == file.content()) continue;
      facts.set_drifted(true);
      facts.set_drift(path + " differs");
    }
  }
  return facts;
}

void MemoryAgent::Report(const v1::ObjectRef& object) {
  const auto kept = watched_.find(KeyOf(object));
  if (kept == watched_.end()) return;
  v1::AgentMessage message;
  v1::ObservedFacts* facts = message.mutable_facts()->add_facts();
  *facts = Observe(object, kept->second.spec, kept->second.uid);
  facts->set_sequence(++facts_sequence_);
  Say(std::move(message));
}

void MemoryAgent::CheckDrift(bool repair) {
  for (const auto& [key, kept] : confirmed_) {
    const v1::ObjectRef object = RefOfKey(key);
    if (repair && !paused_.contains(key) && Observe(object, kept.spec, kept.uid).drifted()) {
      if (object.kind() == "widget") {
        widgets[object.name()] = Parse<podwright::testing::WidgetSpec>(kept.spec).payload();
      } else {
        const auto spec = Parse<v1::kinds::ServerSpec>(kept.spec);
        for (const auto& [path, file] : spec.files()) files[path] = file;
      }
      v1::Event event;
      event.set_type("drift.repaired");
      *event.mutable_object() = object;
      event.set_message("repaired " + key);
      SayEvent(std::move(event));
    }
    Report(object);
  }
}

std::vector<v1::AgentMessage> MemoryAgent::TakeOutgoing() {
  RunJournalled();
  return std::exchange(outgoing_, {});
}

void MemoryAgent::SayEvent(v1::Event event) {
  v1::AgentMessage message;
  message.mutable_event()->set_sequence(++event_sequence_);
  *message.mutable_event()->mutable_event() = std::move(event);
  unacknowledged_events_[event_sequence_] = message.event();
  Say(std::move(message));
}

void MemoryAgent::PauseOnHost(std::int64_t until_unix_ms) {
  v1::Event event;
  event.set_type("agent.paused");
  event.set_message("paused on the server");
  (*event.mutable_fields())["until"] = std::to_string(until_unix_ms);
  SayEvent(std::move(event));
}

void MemoryAgent::Restart() {
  ++boot_;
  outgoing_.clear();
}

void MemoryLink::Attach(ControlPlane* control) {
  for (auto& [name, line] : lines_) {
    line.connected = false;
    line.to_agent.clear();
    line.agent->StreamLost();
  }
  control_ = control;
}

MemoryAgent& MemoryLink::Add(const std::string& workspace, const std::string& server) {
  Line& line = lines_[server];
  line.workspace = workspace;
  line.agent = std::make_unique<MemoryAgent>(workspace, server);
  return *line.agent;
}

MemoryAgent* MemoryLink::Find(const std::string& server) {
  const auto it = lines_.find(server);
  return it == lines_.end() ? nullptr : it->second.agent.get();
}

void MemoryLink::Remove(const std::string& server) {
  Disconnect(server);
  lines_.erase(server);
}

void MemoryLink::Connect(const std::string& server) {
  const auto it = lines_.find(server);
  if (it == lines_.end() || it->second.connected || control_ == nullptr) return;
  Line& line = it->second;
  line.to_agent.clear();
  ++line.session;
  const auto welcome = control_->OnAgentConnected(line.workspace, server, line.session, line.agent->MakeHello());
  if (!welcome.ok()) return;
  line.connected = true;
  line.agent->OnWelcome(*welcome);
}

void MemoryLink::Disconnect(const std::string& server) {
  const auto it = lines_.find(server);
  if (it == lines_.end() || !it->second.connected) return;
  it->second.connected = false;
  it->second.to_agent.clear();
  it->second.agent->StreamLost();
  if (control_ != nullptr) control_->OnAgentDisconnected(it->second.workspace, server, it->second.session);
}

bool MemoryLink::Pump() {
  bool moved = false;
  for (auto& [name, line] : lines_) {
    if (!line.connected) continue;
    while (!line.to_agent.empty()) {
      const v1::ControlMessage message = std::move(line.to_agent.front());
      line.to_agent.pop_front();
      line.agent->Handle(message);
      moved = true;
    }
    for (const v1::AgentMessage& message : line.agent->TakeOutgoing()) {
      control_->OnAgentMessage(line.workspace, name, line.session, message);
      moved = true;
    }
  }
  return moved;
}

void MemoryLink::Boot(const std::string& workspace, const std::string& server) {
  Add(workspace, server);
  Connect(server);
}

Status MemoryLink::Send(const std::string& workspace, const std::string& server, const v1::ControlMessage& message) {
  const auto it = lines_.find(server);
  if (it == lines_.end() || !it->second.connected || it->second.workspace != workspace) {
    return Unavailable("the agent of " + server + " has no stream");
  }
  // A question of Apply waits for its answer without pumping.
  if (message.has_observe()) {
    it->second.agent->Handle(message);
    for (const v1::AgentMessage& reply : it->second.agent->TakeOutgoing()) {
      control_->OnAgentMessage(workspace, server, it->second.session, reply);
    }
    return Ok();
  }
  it->second.to_agent.push_back(message);
  return Ok();
}

bool MemoryLink::Connected(const std::string& workspace, const std::string& server) const {
  const auto it = lines_.find(server);
  return it != lines_.end() && it->second.connected && it->second.workspace == workspace;
}

Result<std::string> MemoryLink::SealingKey(const std::string&, const std::string& server) {
  if (!key_for_all && !lines_.contains(server)) return NotFound("no agent is enrolled for " + server);
  return sealing_key;
}

Result<BootstrapParts> MemoryLink::Prepare(const std::string&, const std::string& server, clouds::Cloud&) {
  BootstrapParts parts;
  clouds::MachineFile token;
  token.path = "/etc/podwright/token";
  token.content = "token of " + server;
  parts.files.push_back(std::move(token));
  return parts;
}

Status MemoryLink::Release(const std::string&, const std::string& server) {
  released.insert(server);
  return Ok();
}

}  // namespace podwright::control::testing
