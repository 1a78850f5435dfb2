// CreateToken, ListTokens, RevokeToken, CreateEnrolmentToken.
#include <chrono>
#include <optional>

#include "core/clock.h"
#include "reconciler/api/control_service.h"
#include "reconciler/auth/api_tokens.h"
#include "reconciler/auth/enrolment_tokens.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {
namespace {

using control::Caller;
using control::Operation;

void Fill(const auth::ApiToken& token, v1::ApiToken* out) {
  out->set_id(token.id);
  out->set_name(token.name);
  out->set_role(token.role);
  out->set_workspace(token.workspace);
  out->set_created_unix_ms(ToUnixMillis(token.created));
  if (token.expires) out->set_expires_unix_ms(ToUnixMillis(*token.expires));
  out->set_revoked(token.revoked);
}

// Tokens are the installation's: only who may touch every workspace sees or ends those of others.
bool Concerns(const Caller& caller, const auth::ApiToken& token) {
  return caller.workspace == "*" || caller.workspace == token.workspace;
}

}  // namespace

grpc::Status ControlService::CreateToken(Context* context, const v1::CreateTokenRequest* request,
                                         v1::CreateTokenResponse* response) {
  return Handle(*context, "CreateToken", response, [&](const Caller& caller) -> Result<v1::CreateTokenResponse> {
    const std::string workspace = WorkspaceOf(request->workspace());
    PW_TRY(d_.control.Authorize(caller, Operation::kTokens, workspace, "token/" + request->name()));
    if (!control::ParseRole(request->role())) {
      return InvalidArgument("\"" + request->role() + "\" is no role: viewer, planner, operator or admin");
    }
    if (request->ttl_ms() < 0) return InvalidArgument("a token cannot live for less than no time");
    PW_ASSIGN(const auth::NewApiToken made, d_.tokens.Create(request->name(), request->role(), workspace,
                                                             std::chrono::milliseconds(request->ttl_ms())));
    PW_TRY(Audited(caller, "token.create", workspace, "token/" + made.token.id,
                   request->role() + " \"" + request->name() + "\""));
    v1::CreateTokenResponse answer;
    Fill(made.token, answer.mutable_token());
    answer.set_secret(std::string(made.text.Reveal()));
    return answer;
  });
}

grpc::Status ControlService::ListTokens(Context* context, const v1::ListTokensRequest*,
                                        v1::ListTokensResponse* response) {
  return Handle(*context, "ListTokens", response, [&](const Caller& caller) -> Result<v1::ListTokensResponse> {
    PW_TRY(d_.control.Authorize(caller, Operation::kTokens, caller.workspace, "tokens"));
    PW_ASSIGN(const std::vector<auth::ApiToken> tokens, d_.tokens.List());
    v1::ListTokensResponse answer;
    for (const auth::ApiToken& token : tokens) {
      if (Concerns(caller, token)) Fill(token, answer.add_tokens());
    }
    return answer;
  });
}

grpc::Status ControlService::RevokeToken(Context* context, const v1::RevokeTokenRequest* request,
                                         v1::RevokeTokenResponse* response) {
  return Handle(*context, "RevokeToken", response, [&](const Caller& caller) -> Result<v1::RevokeTokenResponse> {
    PW_ASSIGN(const std::vector<auth::ApiToken> tokens, d_.tokens.List());
    for (const auth::ApiToken& token : tokens) {
      if (token.id != request->id()) continue;
      PW_TRY(d_.control.Authorize(caller, Operation::kTokens, token.workspace, "token/" + token.id));
      PW_TRY(d_.tokens.Revoke(token.id));
      PW_TRY(Audited(caller, "token.revoke", token.workspace, "token/" + token.id, "\"" + token.name + "\""));
      return v1::RevokeTokenResponse();
    }
    PW_TRY(d_.control.Authorize(caller, Operation::kTokens, caller.workspace, "token/unknown"));
    return NotFound("there is no token with the id \"" + request->id() + "\"");
  });
}

grpc::Status ControlService::CreateEnrolmentToken(Context* context, const v1::CreateEnrolmentTokenRequest* request,
                                                  v1::CreateEnrolmentTokenResponse* response) {
  return Handle(*context, "CreateEnrolmentToken", response,
                [&](const Caller& caller) -> Result<v1::CreateEnrolmentTokenResponse> {
                  const std::string workspace = WorkspaceOf(request->workspace());
                  PW_TRY(d_.control.Authorize(caller, Operation::kAgents, workspace, "server/" + request->server()));
                  PW_ASSIGN(const std::string fingerprint, d_.authority.Fingerprint());
                  PW_ASSIGN(const auth::NewEnrolmentToken made,
                            d_.enrolment.Create({workspace, request->server()}, d_.agents_address, fingerprint,
                                                std::chrono::milliseconds(request->ttl_ms())));
                  PW_TRY(Audited(caller, "enrolment-token.create", workspace, "server/" + request->server(), ""));
                  v1::CreateEnrolmentTokenResponse answer;
                  answer.set_token(std::string(made.token.ToText().Reveal()));
                  answer.set_expires_unix_ms(ToUnixMillis(made.expires));
                  return answer;
                });
}

}  // namespace podwright::api
