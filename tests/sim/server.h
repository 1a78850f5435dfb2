// A server of the simulation: the agent as it is, over a host in memory, its journal in a folder of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/drivers/registry.h"
#include "agent/engine/engine.h"
#include "agent/host/memory_host.h"
#include "agent/journal/journal.h"
#include "core/clock.h"

namespace podwright::sim {

class Server {
 public:
  Server(std::string name, Clock& clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A start of the agent's program: what is not on disk is gone.
  void Boot();
  // The Hello, first of what it says on a new stream.
  v1::Hello Connect();
  void Disconnect();
  void Handle(const v1::ControlMessage& message) { engine_->Handle(message); }
  // One turn of its loop. True: there was something to do.
  bool Step() { return engine_->Step().count() == 0; }
  // How long nothing need be done.
  std::chrono::milliseconds Rest() { return engine_->Step(); }
  std::vector<v1::AgentMessage> TakeSaid() { return std::exchange(said_, {}); }

  host::MemoryHost host;

 private:
  const std::string name_;
  Clock& clock_;
  std::string folder_;
  std::unique_ptr<drivers::Environment> environment_;
  drivers::Registry drivers_;
  std::unique_ptr<agent::Journal> journal_;
  std::unique_ptr<agent::Engine> engine_;
  std::vector<v1::AgentMessage> said_;
};

}  // namespace podwright::sim
