// Agents in memory behind the seam at which podwrightd's streams begin: no network, no TLS, no disk of theirs. They
// keep an agent's rules (reconciler/control/testing/memory_agent.h) and answer on one thread of their own.
//
// Threading: Add and Attach before anything is sent; Send from any thread. Destroy it after the control plane has
// stopped.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "reconciler/control/agent_link.h"
#include "reconciler/control/testing/memory_agent.h"

namespace podwright::bench {

class SimulatedAgents final : public control::AgentLink, public control::AgentKeys, public control::MachineBootstrap {
 public:
  SimulatedAgents() = default;
  ~SimulatedAgents() override;

  void Add(const std::string& server);
  // Connects all of them; the thread begins.
  void Attach(control::ControlPlane& control);

  Status Send(const std::string& workspace, const std::string& server, const v1::ControlMessage& message) override;
  bool Connected(const std::string& workspace, const std::string& server) const override;
  Result<std::string> SealingKey(const std::string& workspace, const std::string& server) override;
  Result<control::BootstrapParts> Prepare(const std::string& workspace, const std::string& server,
                                          clouds::Cloud& cloud) override;
  Status Release(const std::string& workspace, const std::string& server) override;

 private:
  void Loop();

  control::ControlPlane* control_ = nullptr;
  std::map<std::string, control::testing::MemoryAgent> agents_;  // of the thread, after Attach
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, v1::ControlMessage>> waiting_;  // protected by mutex_
  bool stopping_ = false;                                           // protected by mutex_
  std::thread thread_;
};

}  // namespace podwright::bench
