// What a new machine gets before its first boot: the agent's program and unit, and a one-time token.
#pragma once

#include <mutex>
#include <string>

#include "core/result.h"
#include "reconciler/control/agent_link.h"

namespace podwright {
namespace api {
class AgentDirectory;
class SessionManager;
}  // namespace api
namespace auth {
class AuditLog;
class EnrolmentTokens;
}  // namespace auth
namespace ca {
class CertificateAuthority;
}
}  // namespace podwright

namespace podwright::daemon {

// All must outlive it.
struct BootstrapDependencies {
  auth::EnrolmentTokens& tokens;
  auth::AuditLog& audit;
  ca::CertificateAuthority& authority;
  api::AgentDirectory& agents;
  api::SessionManager& sessions;
};

// Threading: any thread.
class Bootstrap final : public control::MachineBootstrap {
 public:
  // `agent_binary`: the program on this host.
  Bootstrap(BootstrapDependencies dependencies, std::string agent_binary)
      : d_(dependencies), agent_binary_(std::move(agent_binary)) {}

  // Where agents find us, for clouds that know no address of ours. Until then Prepare is refused.
  struct Addresses {
    std::string advertised;  // host:port
    int port = 0;            // of the agents' listener, for the address that a cloud knows
  };
  void SetAddresses(Addresses addresses);

  Result<control::BootstrapParts> Prepare(const std::string& workspace, const std::string& server,
                                          clouds::Cloud& cloud) override;
  Status Release(const std::string& workspace, const std::string& server) override;

 private:
  Result<std::string> AddressFor(clouds::Cloud& cloud);

  BootstrapDependencies d_;
  const std::string agent_binary_;
  std::mutex mutex_;
  Addresses addresses_;  // protected by mutex_
};

// packaging/systemd/podwright-agent.service, compiled in.
extern const char kAgentUnit[];

}  // namespace podwright::daemon
