// Who the agent is: its keys, its certificate, where the control plane is. One file of mode 0600,
// replaced as a whole, so that key and certificate never part.
//
// Threading: any thread, one writer at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::agent {

// Nothing while the server is not enrolled.
Result<std::optional<v1::AgentIdentity>> LoadIdentity(const std::string& folder);
Status SaveIdentity(const std::string& folder, const v1::AgentIdentity& identity);

// Puts what the control plane issued into the identity, once the chain is for our key and trusted.
Status TakeCertificate(const v1::EnrolResponse& response, std::int64_t now_unix_ms, v1::AgentIdentity& identity);

// A signing request for the identity's key, in DER.
Result<std::string> RequestFor(const v1::AgentIdentity& identity);
// What Renew wants: signed by the enrolled key over the nonce and the request.
Result<std::string> SignRenewal(const v1::AgentIdentity& identity, const std::string& nonce,
                                const std::string& request);

// New keys; no certificate yet.
Result<v1::AgentIdentity> NewIdentity(const std::string& server, const std::string& address);

// A file that no other program can read, and nothing that a crash can cut in half.
Status WritePrivateFile(const std::string& path, std::string_view content);
// Overwrites and removes a file that held a secret.
Status ShredFile(const std::string& path);
// At most 64 KiB, from a file that only its owner can read.
Result<std::string> ReadPrivateFile(const std::string& path);

}  // namespace podwright::agent
