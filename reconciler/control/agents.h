// The agents' side: streams that come and go, and what comes over them.
//
// Threading: under the control plane's lock.
#pragma once

#include <map>
#include <string>

#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "reconciler/control/core.h"
#include "reconciler/control/executor.h"

namespace podwright::control {

class Agents {
 public:
  Agents(Core& core, Executor& executor) : core_(core), executor_(executor) {}

  Status OnConnected(const ServerId& server, std::uint64_t session, const v1::Hello& hello);
  Status OnMessage(const ServerId& server, std::uint64_t session, const v1::AgentMessage& message);
  Status OnDisconnected(const ServerId& server, std::uint64_t session);

  // Brings the agent what it lacks: confirmations of what is ready, pauses, the end of what is gone.
  Status Tend(const ServerId& server);
  std::vector<AgentState> States(const std::string& workspace) const;

 private:
  struct Told {
    std::uint64_t session = 0;
    std::map<ObjectId, std::int64_t> confirmed;  // generation, by this stream
    std::string pauses;                          // the last PauseChange, encoded
    bool pauses_told = false;
  };

  void TakeFacts(const ServerId& server, const v1::ObservedFacts& facts);
  void DropMissing(const ServerId& server, const v1::Hello& hello);
  void TakeHostPause(const ServerId& server, const v1::Event& event);
  Status OnEvent(const ServerId& server, const v1::AgentEvent& event);
  Status OnProgress(const ServerId& server, const v1::ActionProgress& progress);
  Status TellPauses(const ServerId& server, Told& told);
  void Send(const ServerId& server, const v1::ControlMessage& message);

  Core& core_;
  Executor& executor_;
  std::map<ServerId, Told> told_;
  std::map<std::pair<std::string, std::string>, SteadyTime> progress_;  // run and action: when last told
};

}  // namespace podwright::control
