#include "reconciler/daemon/bootstrap.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "reconciler/api/agent_directory.h"
#include "reconciler/api/session_manager.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/auth/enrolment_tokens.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/clouds/cloud.h"
#include "reconciler/daemon/settings.h"

namespace podwright::daemon {
namespace {

constexpr char kProgramPath[] = "/usr/local/bin/podwright-agent";
constexpr char kTokenPath[] = "/etc/podwright/enrol-token";
constexpr char kUnitPath[] = "/etc/systemd/system/podwright-agent.service";
// Files cannot be links, so the unit is wanted by a drop-in and not by a link to it.
constexpr char kWantPath[] = "/etc/systemd/system/multi-user.target.d/podwright-agent.conf";
constexpr char kWant[] = "[Unit]\nWants=podwright-agent.service\n";
// An image may have to be made between the token and the machine's first boot.
constexpr std::chrono::hours kTokenLifetime{2};

}  // namespace

void Bootstrap::SetAddresses(Addresses addresses) {
  const std::lock_guard lock(mutex_);
  addresses_ = std::move(addresses);
}

Result<std::string> Bootstrap::AddressFor(clouds::Cloud& cloud) {
  Addresses addresses;
  {
    const std::lock_guard lock(mutex_);
    addresses = addresses_;
  }
  if (addresses.port == 0) return Unavailable("the agents' listener is not up yet");
  PW_ASSIGN(const std::string host, cloud.HostAddress({}));
  return host.empty() ? addresses.advertised : Address{host, addresses.port}.Text();
}

Result<control::BootstrapParts> Bootstrap::Prepare(const std::string& workspace, const std::string& server,
                                                   clouds::Cloud& cloud) {
  if (access(agent_binary_.c_str(), R_OK) != 0) {
    return ErrnoError(errno, "the agent's program for new machines (--agent-binary), " + agent_binary_);
  }
  PW_ASSIGN(const std::string address, AddressFor(cloud));
  PW_ASSIGN(const std::string fingerprint, d_.authority.Fingerprint());
  PW_ASSIGN(const auth::NewEnrolmentToken token,
            d_.tokens.Create({workspace, server}, address, fingerprint, kTokenLifetime));
  PW_TRY(d_.audit.Append({.actor = "podwrightd",
                          .verb = "enrolment-token.create",
                          .workspace = workspace,
                          .object = "server/" + server,
                          .outcome = "ok",
                          .detail = "for its machine"}));
  control::BootstrapParts parts;
  parts.files.push_back({kTokenPath, std::string(token.token.ToText().Reveal()) + "\n", 0600});
  parts.files.push_back({kUnitPath, kAgentUnit, 0644});
  parts.files.push_back({kWantPath, kWant, 0644});
  parts.binaries.push_back({agent_binary_, kProgramPath, 0755});
  return parts;
}

// Revoked first: a crash in between leaves a record that leads nowhere, and Release is called again.
Status Bootstrap::Release(const std::string& workspace, const std::string& server) {
  const Result<v1::AgentRecord> record = d_.agents.ByServer(workspace, server);
  if (!record.ok() && record.error().code() == ErrorCode::kNotFound) return Ok();
  PW_TRY(record);
  PW_TRY(d_.authority.RevokeAgent(record->agent_id(), "its server was deleted"));
  d_.sessions.Disconnect(workspace, server, PermissionDenied("this agent's server was deleted"));
  PW_TRY(d_.audit.Append({.actor = "podwrightd",
                          .verb = "agent.remove",
                          .workspace = workspace,
                          .object = "server/" + server,
                          .outcome = "ok",
                          .detail = record->agent_id() + ": its server was deleted"}));
  PW_TRY(d_.agents.Remove(workspace, server));
  return Ok();
}

}  // namespace podwright::daemon
