// Connections to the control plane: always a new one, TLS with the CA's roots alone.
// Threading: any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/agent_state.pb.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace podwright::agent {

enum class ClientCertificate { kNone, kShown };

std::shared_ptr<grpc::Channel> Connect(const std::string& address, const std::string& roots_pem);
std::shared_ptr<grpc::Channel> Connect(const v1::AgentIdentity& identity, ClientCertificate certificate);

void SetDeadline(grpc::ClientContext& context, std::chrono::milliseconds limit);
Error FromGrpc(const grpc::Status& status, const std::string& what);

}  // namespace podwright::agent
