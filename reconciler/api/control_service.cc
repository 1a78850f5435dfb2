#include "reconciler/api/control_service.h"

#include "reconciler/auth/audit_log.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {
namespace {

// The programs of a user agent, without gRPC's own and whatever nobody should have to read in a log.
std::string ProgramOf(std::string_view user_agent) {
  constexpr std::size_t kMost = 100;
  user_agent = user_agent.substr(0, user_agent.find(" grpc-"));
  if (user_agent.starts_with("grpc-")) return "";
  std::string program;
  for (const char c : user_agent.substr(0, kMost)) program += c >= ' ' && c <= '~' ? c : '?';
  return program;
}

}  // namespace

Result<control::Caller> ControlService::WhoCalls(const Context& context, std::string_view method) {
  const auto& metadata = context.client_metadata();
  const auto it = metadata.find("authorization");
  const std::string_view authorization =
      it == metadata.end() ? std::string_view() : std::string_view(it->second.data(), it->second.size());
  Result<control::Caller> caller = d_.authenticator.Authenticate(authorization, context.peer(), std::string(method));
  if (const auto agent = metadata.find("user-agent"); caller.ok() && agent != metadata.end()) {
    caller->program = ProgramOf({agent->second.data(), agent->second.size()});
  }
  return caller;
}

std::string ControlService::WorkspaceOf(const std::string& requested) {
  return requested.empty() ? std::string("default") : requested;
}

Status ControlService::Audited(const control::Caller& caller, std::string_view verb, const std::string& workspace,
                               const std::string& object, const std::string& detail) {
  PW_TRY(d_.audit.Append({.actor = caller.actor,
                          .verb = std::string(verb),
                          .workspace = workspace,
                          .object = object,
                          .outcome = "ok",
                          .detail = AuditDetail(caller, detail)}));
  return Ok();
}

grpc::Status ControlService::TooManyStreams() {
  return ToGrpc(ResourceExhausted("too many streams are open; try again later"));
}

grpc::Status ControlService::StreamEnd(std::string_view method, const Status& end) {
  const grpc::Status status = ToGrpc(end);
  d_.calls.Count(method, status.error_code());
  return status;
}

}  // namespace podwright::api
