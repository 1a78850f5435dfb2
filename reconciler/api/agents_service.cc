#include "reconciler/api/agents_service.h"

#include <memory>
#include <string>
#include <utility>

#include "reconciler/api/agent_session.h"
#include "reconciler/api/status.h"

namespace podwright::api {
namespace {

// A stream that is refused before it begins.
class Refusal final : public grpc::ServerBidiReactor<v1::AgentMessage, v1::ControlMessage> {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

std::string PeerCertificate(const grpc::CallbackServerContext& context) {
  const auto authentication = context.auth_context();
  if (!authentication) return "";
  const auto values = authentication->FindPropertyValues("x509_pem_cert");
  return values.empty() ? std::string() : std::string(values.front().data(), values.front().size());
}

template <typename Response>
grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context, CallCounter& calls, const char* method,
                                Result<Response> result, Response* response) {
  const grpc::Status status = Answer(std::move(result), response);
  calls.Count(method, status.error_code());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* AgentsService::Enrol(grpc::CallbackServerContext* context, const v1::EnrolRequest* request,
                                               v1::EnrolResponse* response) {
  return Reply(context, calls_, "Enrol", desk_.Enrol(*request, context->peer()), response);
}

grpc::ServerUnaryReactor* AgentsService::Challenge(grpc::CallbackServerContext* context,
                                                   const v1::ChallengeRequest* request,
                                                   v1::ChallengeResponse* response) {
  return Reply(context, calls_, "Challenge", desk_.Challenge(*request, context->peer()), response);
}

grpc::ServerUnaryReactor* AgentsService::Renew(grpc::CallbackServerContext* context, const v1::RenewRequest* request,
                                               v1::EnrolResponse* response) {
  return Reply(context, calls_, "Renew", desk_.Renew(*request, context->peer()), response);
}

grpc::ServerBidiReactor<v1::AgentMessage, v1::ControlMessage>* AgentsService::Session(
    grpc::CallbackServerContext* context) {
  Result<v1::AgentRecord> record = desk_.Recognise(PeerCertificate(*context), context->peer());
  if (!record.ok()) {
    const grpc::Status status = ToGrpc(record.error());
    calls_.Count("Session", status.error_code());
    return new Refusal(status);
  }
  calls_.Count("Session", 0);
  const auto session = std::make_shared<AgentSession>(sessions_, context, *std::move(record));
  AgentSession* reactor = session.get();
  session->Begin();
  return reactor;
}

}  // namespace podwright::api
