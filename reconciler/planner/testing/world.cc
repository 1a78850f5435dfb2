#include "reconciler/planner/testing/world.h"

#include <algorithm>

#include "kinds/canonical.h"
#include "kinds/firewall/firewall_form.h"
#include "kinds/testing/testing_kinds.h"
#include "podwright/testing/widget.pb.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/object.pb.h"
#include "reconciler/planner/inputs.h"

namespace podwright::planner {

namespace {

using v1::kinds::ServerObserved;
using v1::kinds::ServerSpec;

template <typename Payload>
Payload PayloadOf(const v1::Action& action) {
  Payload payload;
  payload.ParseFromString(action.payload());
  return payload;
}

}  // namespace

ObjectInput MakeTestObject(const std::string& kind, const std::string& name, const google::protobuf::Message& spec) {
  v1::StoredObject stored;
  stored.set_kind(kind);
  stored.set_name(name);
  stored.set_uid("uid-" + name);
  stored.set_generation(1);
  stored.set_defaults_revision(1);
  stored.set_spec(spec.SerializeAsString());
  return MakeObjectInput(kinds::TestingKinds(), stored).value();
}

ObservedInput MakeTestObserved(const ObjectKey& object, const std::string& server,
                               const google::protobuf::Message& observed) {
  v1::ObservedFacts facts;
  facts.mutable_object()->set_kind(object.kind);
  facts.mutable_object()->set_name(object.name);
  facts.set_observed(observed.SerializeAsString());
  return MakeObservedInput(kinds::TestingKinds(), server, facts).value();
}

AgentInput MakeTestAgent(const std::string& server) {
  AgentInput agent;
  agent.server = server;
  agent.version = "0.1.0";
  for (const char* verb : {"package.install", "package.remove", "file.write", "file.remove", "unit.set", "unit.reload",
                           "unit.restart", "user.ensure", "user.remove", "sysctl.set", "sysctl.remove",
                           "firewall.apply", "firewall.remove", "secret.deliver", "secret.remove", "agent.release"}) {
    agent.verbs.insert(std::string("server.") + verb);
  }
  agent.verbs.insert({"widget.put", "widget.remove"});
  agent.capabilities = {{"sysctl.net", "true"}, {"sysctl.all", "true"}, {"nftables", "1.0.6"}};
  return agent;
}

void World::Put(const std::string& kind, const std::string& name, const google::protobuf::Message& spec) {
  ObjectInput input = MakeTestObject(kind, name, spec);
  if (const auto* old = facts_.FindObject(input.key)) input.generation = old->input.generation + 1;
  facts_.PutObject(std::move(input));
}

void World::Delete(const std::string& kind, const std::string& name) {
  const auto* old = facts_.FindObject({kind, name});
  if (old == nullptr) return;
  ObjectInput input = old->input;
  input.lifecycle = ObjectLifecycle::kTombstone;
  facts_.PutObject(std::move(input));
}

void World::SetSecret(const std::string& name, std::int64_t version, std::vector<std::string> parts) {
  SecretInput input;
  if (const auto* before = facts_.FindSecret(name)) {
    input = before->input;
    if (input.version > 0) input.former[input.version] = input.parts;
  }
  input.name = name;
  input.version = version;
  input.parts = std::move(parts);
  input.former.erase(version);
  facts_.PutSecret(std::move(input));
}

void World::Enrol(const std::string& server) {
  servers_.try_emplace(server);
  enrolled_.insert(server);
  facts_.PutAgent(MakeTestAgent(server));
}

void World::CarryOut(const v1::Plan& plan) {
  std::map<std::string, const v1::Action*> actions;
  for (const v1::Slice& slice : plan.slices()) {
    for (const v1::Action& action : slice.actions()) actions[action.id()] = &action;
  }
  std::set<std::string> done;
  for (const std::string& id : plan.order()) {
    const v1::Action& action = *actions.at(id);
    for (const std::string& before : action.depends_on()) {
      if (!done.contains(before)) problems_.push_back(action.summary() + " came before what it waits for");
    }
    Do(action);
    done.insert(id);
  }
  if (done.size() != actions.size()) problems_.emplace_back("the order does not hold every action once");
  Observe();
}

void World::Do(const v1::Action& action) {
  if (action.verb() == "object.forget") {
    facts_.RemoveObject({action.object().kind(), action.object().name()});
    for (const auto* fact : facts_.ObservedOf({action.object().kind(), action.object().name()})) {
      const ObservedInput gone = fact->input;
      facts_.RemoveObserved(gone.object, gone.server);
    }
  } else if (action.executor() == v1::EXECUTOR_CLOUD) {
    DoMachine(action);
  } else if (!servers_.contains(action.server())) {
    problems_.push_back(action.summary() + ": there is no server " + action.server());
  } else if (action.verb().starts_with("widget.")) {
    DoWidget(action, servers_[action.server()]);
  } else if (action.verb().starts_with("server.unit.")) {
    DoUnit(action, servers_[action.server()]);
  } else {
    DoServer(action, servers_[action.server()]);
  }
}

void World::DoMachine(const v1::Action& action) {
  const std::string& name = action.server();
  if (action.verb() == "server.machine.delete") {
    servers_.erase(name);
    enrolled_.erase(name);
    facts_.RemoveMachine(name);
    facts_.RemoveAgent(name);
    facts_.RemoveObserved({"server", name}, name);
    return;
  }
  const auto payload = PayloadOf<v1::kinds::MachineAction>(action);
  MachineInput machine;
  machine.server = name;
  machine.cloud = payload.cloud();
  machine.region = payload.region().empty() ? "here" : payload.region();
  machine.size = payload.size().empty() ? "small" : payload.size();
  machine.image = payload.image().empty() ? "debian-12" : payload.image();
  machine.id = "machine-of-" + name;
  machine.state = MachineState::kRunning;
  facts_.PutMachine(std::move(machine));
  Enrol(name);
  for (const auto& [key, value] : payload.sysctls()) (*servers_[name].disk.mutable_sysctl())[key] = value;
}

void World::DoUnit(const v1::Action& action, Server& server) {
  const auto payload = PayloadOf<v1::kinds::UnitAction>(action);
  auto& unit = (*server.disk.mutable_units())[payload.unit()];
  unit.set_load_state("loaded");
  if (action.verb() == "server.unit.set") {
    unit.set_enabled(payload.enabled());
    unit.set_active(payload.running());
    if (action.deletes()) {
      server.managed.erase("unit:" + payload.unit());
    } else {
      server.managed.insert("unit:" + payload.unit());
    }
  }
}

void World::DoServer(const v1::Action& action, Server& server) {
  const std::string& verb = action.verb();
  const std::string& subject = action.subject();
  const std::string noun = verb.substr(7, verb.find('.', 7) - 7);
  if (verb == "server.package.install") {
    const auto payload = PayloadOf<v1::kinds::PackageAction>(action);
    (*server.disk.mutable_packages())[subject] = payload.version().empty() ? "1.0" : payload.version();
  } else if (verb == "server.package.remove") {
    server.disk.mutable_packages()->erase(subject);
  } else if (verb == "server.file.write") {
    const auto payload = PayloadOf<v1::kinds::FileAction>(action);
    auto& file = (*server.disk.mutable_files())[subject];
    file.set_type("file");
    file.set_sha256(Sha256(payload.file().content()).Hex());
    file.set_mode(payload.file().mode());
    file.set_owner(payload.file().owner());
    file.set_group(payload.file().group());
  } else if (verb == "server.file.remove") {
    server.disk.mutable_files()->erase(subject);
  } else if (verb == "server.user.ensure") {
    const auto payload = PayloadOf<v1::kinds::UserAction>(action);
    auto& user = (*server.disk.mutable_users())[subject];
    user.set_shell(payload.user().shell());
    user.set_home(payload.user().has_home() ? payload.user().home() : "/home/" + subject);
    *user.mutable_groups() = payload.user().groups();
    if (payload.manage_keys()) *user.mutable_authorized_keys() = payload.user().authorized_keys();
  } else if (verb == "server.user.remove") {
    server.disk.mutable_users()->erase(subject);
  } else if (verb == "server.sysctl.set") {
    (*server.disk.mutable_sysctl())[subject] = PayloadOf<v1::kinds::SysctlAction>(action).value();
  } else if (verb == "server.firewall.apply") {
    const auto payload = PayloadOf<v1::kinds::FirewallAction>(action);
    server.disk.set_firewall(kinds::FirewallDigest(kinds::WantedFirewall(payload).value()));
  } else if (verb == "server.firewall.remove") {
    server.disk.clear_firewall();
  } else if (verb == "server.secret.deliver") {
    const auto payload = PayloadOf<v1::kinds::SecretFileAction>(action);
    auto& secret = (*server.disk.mutable_secrets())[subject];
    secret.set_name(payload.secret());
    secret.set_version(payload.version());
    if (!payload.key().empty()) secret.set_key(payload.key());
    secret.set_mode(payload.file().mode());
    secret.set_owner(payload.file().owner());
    secret.set_group(payload.file().group());
  } else if (verb == "server.secret.remove") {
    server.disk.mutable_secrets()->erase(subject);
  } else if (verb == "server.agent.release") {
    server = {};
    return;
  } else if (verb != "server.sysctl.remove") {
    problems_.push_back("no agent knows " + verb);
  }
  const std::string item = noun == "firewall" ? "firewall:" : noun + ":" + subject;
  if (action.deletes()) {
    server.managed.erase(item);
  } else {
    server.managed.insert(item);
  }
}

void World::DoWidget(const v1::Action& action, Server& server) {
  if (action.verb() == "widget.put") {
    server.widgets[action.object().name()] = PayloadOf<testing::WidgetSpec>(action).payload();
  } else {
    server.widgets.erase(action.object().name());
  }
}

void World::Observe() {
  std::vector<ObjectInput> objects;
  for (const auto* fact : facts_.Objects()) objects.push_back(fact->input);
  for (const ObjectInput& object : objects) {
    if (object.key.kind == "server") ObserveServer(object);
    if (object.key.kind == "widget") ObserveWidget(object);
  }
}

namespace {
// A driver looks at what is declared and at what it brought, not at everything.
template <typename Declared, typename Is>
void Keep(const Declared& declared, Is& is) {
  std::vector<std::string> others;
  for (const auto& [key, value] : is) {
    if (!declared.contains(key)) others.push_back(key);
  }
  for (const std::string& key : others) is.erase(key);
}
}  // namespace

void World::ObserveServer(const ObjectInput& object) {
  const auto it = servers_.find(object.key.name);
  if (it == servers_.end() || !enrolled_.contains(object.key.name)) return;
  const auto& spec = static_cast<const ServerSpec&>(*object.spec);
  ServerObserved observed = it->second.disk;
  Keep(spec.packages(), *observed.mutable_packages());
  Keep(spec.files(), *observed.mutable_files());
  Keep(spec.units(), *observed.mutable_units());
  Keep(spec.users(), *observed.mutable_users());
  Keep(spec.sysctl(), *observed.mutable_sysctl());
  Keep(spec.secrets(), *observed.mutable_secrets());
  for (const std::string& item : it->second.managed) observed.add_managed(item);
  facts_.PutObserved(MakeTestObserved(object.key, object.key.name, observed));
}

void World::ObserveWidget(const ObjectInput& object) {
  for (const auto& [name, server] : servers_) {
    const auto widget = server.widgets.find(object.key.name);
    if (widget != server.widgets.end()) {
      testing::WidgetObserved observed;
      observed.set_payload(widget->second);
      facts_.PutObserved(MakeTestObserved(object.key, name, observed));
    } else {
      facts_.RemoveObserved(object.key, name);
    }
  }
  std::vector<std::string> gone;
  for (const auto* fact : facts_.ObservedOf(object.key)) {
    if (!servers_.contains(fact->input.server)) gone.push_back(fact->input.server);
  }
  for (const std::string& server : gone) facts_.RemoveObserved(object.key, server);
}

}  // namespace podwright::planner
