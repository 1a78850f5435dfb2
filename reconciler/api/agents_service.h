// The service Agents over gRPC's callback API: translation between the stream and the enrolment desk and the
// session manager. Enrol, Challenge and Renew need no client certificate; Session does.
//
// The listener asks clients for a certificate and proves that they hold its key, but leaves the judgement to
// EnrolmentDesk::Recognise: so that an expired or revoked one is refused with a reason, and audited, and
// the CA's roots may roll over without a new listener. Threading: gRPC's callback threads.
#pragma once

#include "podwright/v1/agent.grpc.pb.h"
#include "reconciler/api/call_counter.h"
#include "reconciler/api/enrolment.h"
#include "reconciler/api/session_manager.h"

namespace podwright::api {

class AgentsService final : public v1::Agents::CallbackService {
 public:
  // All must outlive it.
  AgentsService(EnrolmentDesk& desk, SessionManager& sessions, CallCounter& calls)
      : desk_(desk), sessions_(sessions), calls_(calls) {}

  grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context, const v1::EnrolRequest* request,
                                  v1::EnrolResponse* response) override;
  grpc::ServerUnaryReactor* Challenge(grpc::CallbackServerContext* context, const v1::ChallengeRequest* request,
                                      v1::ChallengeResponse* response) override;
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context, const v1::RenewRequest* request,
                                  v1::EnrolResponse* response) override;
  grpc::ServerBidiReactor<v1::AgentMessage, v1::ControlMessage>* Session(grpc::CallbackServerContext* context) override;

 private:
  EnrolmentDesk& desk_;
  SessionManager& sessions_;
  CallCounter& calls_;
};

}  // namespace podwright::api
