#include "reconciler/clouds/memory_cloud.h"

#include <algorithm>
#include <utility>

namespace podwright::clouds {

MemoryCloud::MemoryCloud(std::string installation, Clock& clock)
    : installation_(std::move(installation)), clock_(clock) {
  capabilities_.images = {"debian-12"};
  capabilities_.sizes = {"small", "medium", "large"};
  capabilities_.regions = {"local"};
  capabilities_.own_kernel = false;
  capabilities_.sysctl_prefixes = {"net."};
}

Status MemoryCloud::Check(const CallOptions& options) const {
  if (options.cancel.stop_requested()) return Cancelled("the call to cloud \"memory\" was cancelled");
  if (options.deadline && clock_.Steady() >= *options.deadline) {
    return DeadlineExceeded("the call to cloud \"memory\" did not end in time");
  }
  return Ok();
}

std::optional<MemoryCloud::Fault> MemoryCloud::TakeFault(Operation operation) {
  const auto found =
      std::find_if(faults_.begin(), faults_.end(), [&](const Fault& f) { return f.operation == operation; });
  if (found == faults_.end()) return std::nullopt;
  Fault fault = std::move(*found);
  faults_.erase(found);
  return fault;
}

std::string MemoryCloud::FreeAddress() const {
  std::set<std::string> used;
  for (const auto& [tag, machine] : machines_) used.insert(machine.addresses.begin(), machine.addresses.end());
  for (unsigned number = 2;; ++number) {
    std::string address = "192.0." + std::to_string(2 + number / 256) + "." + std::to_string(number % 256);
    if (!used.contains(address)) return address;
  }
}

Result<Machine> MemoryCloud::Create(const MachineRequest& request, const CallOptions& options) {
  PW_TRY(Check(options));
  PW_TRY(ValidateRequest(name(), capabilities_, request));
  Machine machine;
  std::optional<Fault> fault;
  bool boots = false;
  {
    const std::scoped_lock lock(mutex_);
    fault = TakeFault(Operation::kCreate);
    if (fault && fault->moment == FaultMoment::kBefore) return fault->error;
    const auto found = machines_.find(request.tag);
    if (found != machines_.end() && found->second.state != MachineState::kIncomplete) {
      boots = found->second.state == MachineState::kStopped;
      found->second.state = MachineState::kRunning;
      machine = found->second;
    } else {
      machines_.erase(request.tag);
      machine.id = "m-" + std::to_string(++creations_);
      machine.tag = request.tag;
      machine.name = request.name;
      machine.installation = installation_;
      machine.image = request.image.empty() ? capabilities_.images[0] : request.image;
      machine.size = request.size.empty() ? capabilities_.sizes[0] : request.size;
      machine.region = request.region.empty() ? capabilities_.regions[0] : request.region;
      machine.labels = request.labels;
      machine.created = clock_.Now();
      machine.addresses = {FreeAddress()};
      const bool midway = fault && fault->moment == FaultMoment::kMidway;
      machine.state = midway ? MachineState::kIncomplete : MachineState::kRunning;
      boots = !midway;
      machines_.emplace(machine.tag, machine);
    }
  }
  if (boots && on_boot_) on_boot_(machine, request);
  if (fault) return fault->error;
  return machine;
}

Result<std::optional<Machine>> MemoryCloud::Read(const std::string& tag, const CallOptions& options) {
  PW_TRY(Check(options));
  PW_TRY(ValidateTag(tag));
  const std::scoped_lock lock(mutex_);
  if (auto fault = TakeFault(Operation::kRead)) return fault->error;
  const auto found = machines_.find(tag);
  if (found == machines_.end()) return std::optional<Machine>();
  return std::optional<Machine>(found->second);
}

Result<std::vector<Machine>> MemoryCloud::List(const CallOptions& options) {
  PW_TRY(Check(options));
  const std::scoped_lock lock(mutex_);
  if (auto fault = TakeFault(Operation::kList)) return fault->error;
  std::vector<Machine> all;
  for (const auto& [tag, machine] : machines_) all.push_back(machine);
  return all;
}

Status MemoryCloud::Delete(const std::string& tag, const CallOptions& options) {
  PW_TRY(Check(options));
  PW_TRY(ValidateTag(tag));
  const std::scoped_lock lock(mutex_);
  const auto fault = TakeFault(Operation::kDelete);
  if (fault && fault->moment != FaultMoment::kAfter) return fault->error;
  machines_.erase(tag);
  if (fault) return fault->error;
  return Ok();
}

Result<std::string> MemoryCloud::HostAddress(const CallOptions& options) {
  PW_TRY(Check(options));
  const std::scoped_lock lock(mutex_);
  if (auto fault = TakeFault(Operation::kHostAddress)) return fault->error;
  return std::string("127.0.0.1");
}

void MemoryCloud::Inject(Operation operation, FaultMoment moment, Error error) {
  const std::scoped_lock lock(mutex_);
  faults_.push_back({operation, moment, std::move(error)});
}

void MemoryCloud::Stop(const std::string& tag) {
  const std::scoped_lock lock(mutex_);
  const auto found = machines_.find(tag);
  if (found != machines_.end()) found->second.state = MachineState::kStopped;
}

void MemoryCloud::Lose(const std::string& tag) {
  const std::scoped_lock lock(mutex_);
  machines_.erase(tag);
}

int MemoryCloud::creations() const {
  const std::scoped_lock lock(mutex_);
  return creations_;
}

}  // namespace podwright::clouds
