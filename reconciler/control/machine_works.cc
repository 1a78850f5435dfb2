#include "reconciler/control/machine_works.h"

#include "core/fault.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::control {
namespace {

constexpr std::string_view kCreate = ".create";
constexpr std::string_view kDelete = ".delete";

Result<v1::kinds::MachineAction> PayloadOf(const v1::Action& action) {
  v1::kinds::MachineAction payload;
  if (!payload.ParseFromString(action.payload())) return Internal("the payload of " + action.verb() + " is damaged");
  return payload;
}

std::string NewTag(Core& core, const std::string& server) {
  return "pw-" + server.substr(0, 40) + "-" + core.deps.random.Id(10);
}

bool IsPermanent(const Error& error) {
  return error.code() == ErrorCode::kInvalidArgument || error.code() == ErrorCode::kPermissionDenied ||
         error.code() == ErrorCode::kUnimplemented ||
         (error.code() == ErrorCode::kFailedPrecondition && error.retry() == Retry::kNever);
}

}  // namespace

clouds::Cloud* MachineWorks::CloudOf(const std::string& name) const {
  const auto it = core_.deps.clouds.find(name);
  return it == core_.deps.clouds.end() ? nullptr : it->second;
}

Status MachineWorks::AddIntent(const RunId& run, const v1::Action& action, Change& change) {
  PW_ASSIGN(const auto payload, PayloadOf(action));
  const ServerId server{run.workspace, action.server()};
  const auto it = core_.tables.machines.find(server);
  if (action.verb().ends_with(kDelete)) {
    if (it == core_.tables.machines.end()) return Ok();
    v1::MachineRecord record = it->second;
    record.set_state(v1::MACHINE_RECORD_STATE_DELETING);
    change.PutMachine(std::move(record));
    return Ok();
  }
  // A tag that is on record is used again, so that what a crash left half-made is found.
  const bool keep = it != core_.tables.machines.end() && (it->second.state() == v1::MACHINE_RECORD_STATE_INTENDED ||
                                                          it->second.state() == v1::MACHINE_RECORD_STATE_RUNNING);
  if (keep) return Ok();
  v1::MachineRecord record;
  record.set_workspace(server.workspace);
  record.set_server(server.server);
  record.set_cloud(payload.cloud());
  record.set_tag(NewTag(core_, server.server));
  record.set_state(v1::MACHINE_RECORD_STATE_INTENDED);
  record.set_region(payload.region());
  record.set_size(payload.size());
  record.set_image(payload.image());
  *record.mutable_sysctls() = payload.sysctls();
  record.set_created_unix_ms(core_.NowMillis());
  change.PutMachine(std::move(record));
  return Ok();
}

Status MachineWorks::Work(const RunId& run, std::size_t place, const v1::ActionRecord& record) {
  const Key key{run, place, record.attempt()};
  if (busy_.contains(key)) return Ok();
  if (record.action().verb().ends_with(kCreate)) return WorkCreate(key, record.action());
  if (record.action().verb().ends_with(kDelete)) return WorkDelete(key, record.action());
  return Answer(key, Unimplemented("this control plane does not know the verb " + record.action().verb()));
}

Status MachineWorks::WorkCreate(const Key& key, const v1::Action& action) {
  const RunId& run = std::get<0>(key);
  const ServerId server{run.workspace, action.server()};
  const auto waits = waits_for_agent_.find(key);
  if (waits != waits_for_agent_.end()) {
    if (core_.Connected(server)) {
      waits_for_agent_.erase(waits);
      const v1::MachineRecord& record = core_.tables.machines[server];
      return AnswerOk(key, true, {{"machine", record.id()}, {"tag", record.tag()}});
    }
    const SteadyTime until = waits->second + core_.options.machine_ready_deadline;
    if (core_.Steady() < until) {
      core_.WakeAt(RunWork(run), until);
      return Ok();
    }
    waits_for_agent_.erase(waits);
    return Answer(key, DeadlineExceeded("the machine of " + server.server +
                                        " runs, but its agent did not enrol in time; see its journal"));
  }
  PW_FAULT(kMachineIntentWritten);
  const auto record = core_.tables.machines.find(server);
  if (record == core_.tables.machines.end()) return Answer(key, Internal("the machine's intent is not on record"));
  clouds::Cloud* cloud = CloudOf(record->second.cloud());
  if (cloud == nullptr) {
    return Answer(key, InvalidArgument("this control plane has no cloud \"" + record->second.cloud() + "\""));
  }
  clouds::MachineRequest request;
  request.tag = record->second.tag();
  request.name = server.server;
  request.image = record->second.image();
  request.size = record->second.size();
  request.region = record->second.region();
  request.labels["workspace"] = server.workspace;
  for (const auto& [name, value] : record->second.sysctls()) request.sysctls[name] = value;
  busy_.insert(key);
  MachineBootstrap& bootstrap = core_.deps.bootstrap;
  jobs_.Submit([this, key, server, cloud, &bootstrap, request](const std::stop_token& stop) mutable {
    Result<clouds::Machine> machine = Cancelled("");
    auto parts = bootstrap.Prepare(server.workspace, server.server, *cloud);
    if (parts.ok()) {
      request.files = std::move(parts->files);
      request.binaries = std::move(parts->binaries);
      machine = cloud->Create(request, {std::nullopt, stop});
      if (machine.ok()) PW_FAULT(kMachineCreated);
    } else {
      machine = std::move(parts).error();
    }
    inbox_.Post([this, key, server, tag = request.tag, made = std::move(machine)] {
      return OnCreated(key, server, tag, made);
    });
  });
  return Ok();
}

Status MachineWorks::OnCreated(const Key& key, const ServerId& server, const std::string& tag,
                               Result<clouds::Machine> machine) {
  busy_.erase(key);
  if (!machine.ok()) return Answer(key, machine.error());
  const auto it = core_.tables.machines.find(server);
  // Somebody has given the machine up meanwhile: without a record of its tag it is a stray.
  if (it == core_.tables.machines.end() || it->second.tag() != tag) {
    core_.Wake(kStrayWork);
    return Ok();
  }
  if (it->second.state() == v1::MACHINE_RECORD_STATE_INTENDED || it->second.id() != machine->id) {
    v1::MachineRecord record = it->second;
    record.set_state(v1::MACHINE_RECORD_STATE_RUNNING);
    record.set_id(machine->id);
    if (!machine->region.empty()) record.set_region(machine->region);
    if (!machine->size.empty()) record.set_size(machine->size);
    if (!machine->image.empty()) record.set_image(machine->image);
    record.clear_addresses();
    for (const std::string& address : machine->addresses) record.add_addresses(address);
    Change change(core_);
    v1::Event event = MakeEvent(server.workspace, "machine.created",
                                "the machine of " + server.server + " was made in " + record.cloud());
    event.set_server(server.server);
    event.set_run(std::get<0>(key).id);
    change.Tell(std::move(event));
    change.PutMachine(std::move(record));
    PW_TRY(change.Commit());
  }
  PW_FAULT(kMachineRecorded);
  waits_for_agent_.emplace(key, core_.Steady());
  core_.Wake(RunWork(std::get<0>(key)));
  return Ok();
}

Status MachineWorks::WorkDelete(const Key& key, const v1::Action& action) {
  const ServerId server{std::get<0>(key).workspace, action.server()};
  const auto record = core_.tables.machines.find(server);
  if (record == core_.tables.machines.end()) return AnswerOk(key, false, {});
  clouds::Cloud* cloud = CloudOf(record->second.cloud());
  if (cloud == nullptr) {
    return Answer(key, InvalidArgument("this control plane has no cloud \"" + record->second.cloud() + "\""));
  }
  busy_.insert(key);
  MachineBootstrap& bootstrap = core_.deps.bootstrap;
  jobs_.Submit([this, key, server, cloud, &bootstrap, tag = record->second.tag()](const std::stop_token& stop) {
    Status status = cloud->Delete(tag, {std::nullopt, stop});
    if (status.ok()) status = bootstrap.Release(server.workspace, server.server);
    inbox_.Post([this, key, server, status] { return OnDeleted(key, server, status); });
  });
  return Ok();
}

Status MachineWorks::OnDeleted(const Key& key, const ServerId& server, const Status& status) {
  busy_.erase(key);
  core_.Wake(RunWork(std::get<0>(key)));
  if (!status.ok()) return Answer(key, status.error());
  PW_TRY(AnswerOk(key, true, {}));
  core_.facts.RemoveServer(server);
  core_.agents.erase(server);
  return Ok();
}

void MachineWorks::AddOutcome(const RunId& run, const v1::Action& action, Change& change) {
  const ServerId server{run.workspace, action.server()};
  if (!action.verb().ends_with(kDelete) || !core_.tables.machines.contains(server)) return;
  v1::Event event = MakeEvent(server.workspace, "machine.deleted", "the machine of " + server.server + " is gone");
  event.set_server(server.server);
  event.set_run(run.id);
  change.Tell(std::move(event));
  change.RemoveMachine(server);
  change.RemoveSeen(server);
}

Status MachineWorks::Answer(const Key& key, const Error& error) {
  const auto& [run, place, attempt] = key;
  v1::ActionOutcome outcome;
  outcome.set_error(error.ToString());
  outcome.set_permanent(IsPermanent(error));
  core_.Wake(RunWork(run));
  return outcome_(run, place, attempt, std::move(outcome));
}

Status MachineWorks::AnswerOk(const Key& key, bool changed, const std::map<std::string, std::string>& proof) {
  const auto& [run, place, attempt] = key;
  v1::ActionOutcome outcome;
  outcome.set_ok(true);
  outcome.set_changed(changed);
  for (const auto& [name, value] : proof) (*outcome.mutable_proof_after())[name] = value;
  core_.Wake(RunWork(run));
  return outcome_(run, place, attempt, std::move(outcome));
}

void MachineWorks::Sweep() {
  for (const auto& [name, cloud] : core_.deps.clouds) {
    std::set<std::string> running;
    for (const auto& [server, record] : core_.tables.machines) {
      if (record.cloud() == name && record.state() == v1::MACHINE_RECORD_STATE_RUNNING) running.insert(record.tag());
    }
    jobs_.Submit([this, name = name, cloud = cloud, running](const std::stop_token& stop) {
      auto machines = cloud->List({std::nullopt, stop});
      if (!machines.ok()) {
        log::Warn("the machines of a cloud cannot be listed",
                  {{log::key::kName, name}, {log::key::kError, machines.error().ToString()}});
        return;
      }
      inbox_.Post([this, name, running, list = std::move(*machines)] { return OnSwept(name, running, list); });
    });
  }
}

Status MachineWorks::OnSwept(const std::string& cloud_name, const std::set<std::string>& running_before,
                             const std::vector<clouds::Machine>& machines) {
  std::map<std::string, ServerId> by_tag;
  for (const auto& [server, record] : core_.tables.machines) by_tag[record.tag()] = server;
  std::set<std::string> there;
  clouds::Cloud* cloud = CloudOf(cloud_name);
  for (const clouds::Machine& machine : machines) {
    there.insert(machine.tag);
    if (by_tag.contains(machine.tag)) continue;
    Change change(core_);
    const auto label = machine.labels.find("workspace");
    v1::Event event = MakeEvent(label == machine.labels.end() ? "default" : label->second, "machine.stray",
                                "a machine that nobody wants (" + machine.name + ", " + machine.tag + ") is removed");
    event.set_server(machine.name);
    change.Tell(std::move(event));
    PW_TRY(change.Commit());
    jobs_.Submit([cloud, tag = machine.tag](const std::stop_token& stop) {
      const Status status = cloud->Delete(tag, {std::nullopt, stop});
      if (!status.ok()) {
        log::Warn("a stray machine could not be removed; it is tried again",
                  {{log::key::kMachine, tag}, {log::key::kError, status.error().ToString()}});
      }
    });
  }
  for (const std::string& tag : running_before) {
    const auto server = by_tag.find(tag);
    if (there.contains(tag) || server == by_tag.end()) continue;
    v1::MachineRecord record = core_.tables.machines[server->second];
    if (record.state() != v1::MACHINE_RECORD_STATE_RUNNING) continue;
    record.set_state(v1::MACHINE_RECORD_STATE_LOST);
    Change change(core_);
    v1::Event event = MakeEvent(record.workspace(), "machine.lost",
                                "the machine of " + record.server() + " is no longer in " + cloud_name);
    event.set_server(record.server());
    change.Tell(std::move(event));
    change.PutMachine(std::move(record));
    PW_TRY(change.Commit());
    core_.Wake(ReconcileWork(server->second.workspace));
  }
  return Ok();
}

}  // namespace podwright::control
