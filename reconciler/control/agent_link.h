// The seams through which the control plane reaches servers: their agents, and how a new machine
// gets its agent. Implemented by the daemon; in tests by testing/memory_agent.h.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::v1 {
class ControlMessage;
}
namespace podwright::clouds {
class Cloud;
struct MachineFile;
struct MachineBinary;
}  // namespace podwright::clouds

namespace podwright::control {

// Threading: any thread, also from inside ControlPlane::OnAgent…; an implementation may call
// OnAgentMessage before Send returns.
class AgentLink {
 public:
  virtual ~AgentLink() = default;
  // Queues the message on the agent's stream and returns; never blocks. kUnavailable: no stream.
  // Success says nothing about arrival.
  virtual Status Send(const std::string& workspace, const std::string& server, const v1::ControlMessage& message) = 0;
  virtual bool Connected(const std::string& workspace, const std::string& server) const = 0;
};

struct BootstrapParts {
  std::vector<clouds::MachineFile> files;       // the enrolment token, the agent's configuration and unit
  std::vector<clouds::MachineBinary> binaries;  // the agent's program
};

// What has to be on a machine before its first boot, so that its agent enrols by itself.
// Threading: any thread.
class MachineBootstrap {
 public:
  virtual ~MachineBootstrap() = default;
  // Called for each attempt to make the machine; makes a fresh one-time token every time.
  virtual Result<BootstrapParts> Prepare(const std::string& workspace, const std::string& server,
                                         clouds::Cloud& cloud) = 0;
  // The server was deleted: its enrolled agent must not come back.
  virtual Status Release(const std::string& workspace, const std::string& server) = 0;
};

// The X25519 key that the enrolled agent gave, 32 bytes: its secrets are sealed to it.
// kNotFound: no such agent, or it was revoked. Threading: any thread.
class AgentKeys {
 public:
  virtual ~AgentKeys() = default;
  virtual Result<std::string> SealingKey(const std::string& workspace, const std::string& server) = 0;
};

}  // namespace podwright::control
