// ListAgents, RevokeAgent.
#include <map>
#include <utility>

#include "reconciler/api/agent_directory.h"
#include "reconciler/api/control_service.h"
#include "reconciler/api/session_manager.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {

using control::Caller;
using control::Operation;

grpc::Status ControlService::ListAgents(Context* context, const v1::ListAgentsRequest* request,
                                        v1::ListAgentsResponse* response) {
  return Handle(*context, "ListAgents", response, [&](const Caller& caller) -> Result<v1::ListAgentsResponse> {
    const std::string workspace = WorkspaceOf(request->workspace());
    PW_TRY(d_.control.Authorize(caller, Operation::kRead, workspace, "agents"));
    std::map<std::pair<std::string, std::string>, control::AgentState> states;
    for (control::AgentState& state : d_.control.AgentStates(workspace)) {
      states[{state.workspace, state.server}] = std::move(state);
    }
    PW_ASSIGN(const std::vector<v1::AgentRecord> records, d_.agents.List(workspace));
    v1::ListAgentsResponse answer;
    for (const v1::AgentRecord& record : records) {
      v1::AgentView& view = *answer.add_agents();
      view.set_agent_id(record.agent_id());
      view.set_workspace(record.workspace());
      view.set_server(record.server());
      view.set_version(record.version());
      view.set_certificate_expires_unix_ms(record.certificate_expires_unix_ms());
      view.set_revoked(record.revoked());
      const auto it = states.find({record.workspace(), record.server()});
      if (it == states.end()) continue;
      const control::AgentState& state = it->second;
      view.set_connected(state.connected && !record.revoked());
      view.set_last_seen_unix_ms(state.last_seen_unix_ms);
      if (!state.version.empty()) view.set_version(state.version);
      for (const std::string& address : state.addresses) view.add_addresses(address);
    }
    return answer;
  });
}

grpc::Status ControlService::RevokeAgent(Context* context, const v1::RevokeAgentRequest* request,
                                         v1::RevokeAgentResponse* response) {
  return Handle(*context, "RevokeAgent", response, [&](const Caller& caller) -> Result<v1::RevokeAgentResponse> {
    const std::string workspace = WorkspaceOf(request->workspace());
    const std::string object = "server/" + request->server();
    PW_TRY(d_.control.Authorize(caller, Operation::kAgents, workspace, object));
    PW_ASSIGN(const v1::AgentRecord record, d_.agents.Revoke(workspace, request->server()));
    PW_TRY(d_.authority.RevokeAgent(record.agent_id(), "revoked by " + caller.actor));
    PW_TRY(Audited(caller, "agent.revoke", workspace, object, record.agent_id()));
    d_.sessions.Disconnect(workspace, request->server(), PermissionDenied("this agent was revoked"));
    return v1::RevokeAgentResponse();
  });
}

}  // namespace podwright::api
