#include "bench/simulated_agents.h"

#include "bench/fail.h"
#include "podwright/v1/agent.pb.h"
#include "reconciler/clouds/cloud.h"
#include "reconciler/control/control_plane.h"

namespace podwright::bench {
namespace {

constexpr char kWorkspace[] = "default";
constexpr std::uint64_t kSession = 1;

}  // namespace

SimulatedAgents::~SimulatedAgents() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SimulatedAgents::Add(const std::string& server) {
  agents_.try_emplace(server, kWorkspace, server);
}

void SimulatedAgents::Attach(control::ControlPlane& control) {
  control_ = &control;
  for (auto& [server, agent] : agents_) {
    agent.OnWelcome(Must(control.OnAgentConnected(kWorkspace, server, kSession, agent.MakeHello())));
  }
  thread_ = std::thread([this] { Loop(); });
}

void SimulatedAgents::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const auto batch = std::exchange(waiting_, {});
    lock.unlock();
    for (const auto& [server, message] : batch) {
      control::testing::MemoryAgent& agent = agents_.at(server);
      agent.Handle(message);
      for (const v1::AgentMessage& said : agent.TakeOutgoing()) {
        control_->OnAgentMessage(kWorkspace, server, kSession, said);
      }
    }
    lock.lock();
  }
}

Status SimulatedAgents::Send(const std::string&, const std::string& server, const v1::ControlMessage& message) {
  if (!agents_.contains(server)) return Unavailable("there is no such agent");
  const std::lock_guard lock(mutex_);
  waiting_.emplace_back(server, message);
  changed_.notify_all();
  return Ok();
}

bool SimulatedAgents::Connected(const std::string&, const std::string& server) const {
  return agents_.contains(server);
}

Result<std::string> SimulatedAgents::SealingKey(const std::string&, const std::string&) {
  return NotFound("simulated agents take no secrets");
}

Result<control::BootstrapParts> SimulatedAgents::Prepare(const std::string&, const std::string&, clouds::Cloud&) {
  return Unimplemented("simulated agents have no machines");
}

Status SimulatedAgents::Release(const std::string&, const std::string&) {
  return Ok();
}

}  // namespace podwright::bench
