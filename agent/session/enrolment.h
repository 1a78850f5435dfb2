// Enrolment and renewal: how the agent comes by its certificate.
//
// Threading: any thread; blocks for some seconds at most. Errors: kPermissionDenied when the server that
// answers belongs to another CA than the token says; Retry tells whether trying again can help.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::agent {

// Nothing is sent before the CA's fingerprint in the token was compared with what the server shows. The
// keys are kept in `folder` until the answer has come: after a lost answer the same token and keys
// get it again. On success the identity is saved there.
Result<v1::AgentIdentity> Enrol(std::string_view token_text, const std::string& folder,
                                const std::string& agent_version, Clock& clock);

// A new certificate for the same key, also when the old one has expired.
Status RenewCertificate(v1::AgentIdentity& identity, Clock& clock);

// Whether the control plane answers over a connection that is made now.
bool AnswersAfresh(const v1::AgentIdentity& identity, std::chrono::milliseconds limit);

}  // namespace podwright::agent
