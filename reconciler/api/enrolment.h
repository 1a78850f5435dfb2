// How an agent becomes known and stays so: enrolment with a one-time token, challenges and renewals with the
// enrolled key, and who a presented certificate is. No gRPC.
//
// Errors: kUnauthenticated, kPermissionDenied and kFailedPrecondition for refusals, which are audited
// here (those of strangers at most so many a minute); else those of the store. Threading: any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "podwright/v1/agent_record.pb.h"

namespace podwright::v1 {
class ChallengeRequest;
class ChallengeResponse;
class EnrolRequest;
class EnrolResponse;
class RenewRequest;
}  // namespace podwright::v1
namespace podwright::auth {
class AuditLog;
class EnrolmentTokens;
struct Enrolment;
}  // namespace podwright::auth
namespace podwright::ca {
class CertificateAuthority;
struct Issued;
}  // namespace podwright::ca
namespace podwright::crypto {
struct Request;
}

namespace podwright::api {

class AgentDirectory;
class Refusals;

// All must outlive it.
struct EnrolmentDependencies {
  ca::CertificateAuthority& authority;
  auth::EnrolmentTokens& tokens;
  auth::AuditLog& audit;
  AgentDirectory& directory;
  Refusals& refusals;
  Clock& clock;
  Random& random;
};

class EnrolmentDesk {
 public:
  explicit EnrolmentDesk(EnrolmentDependencies dependencies)
      : d_(dependencies), nonce_key_(dependencies.random.Bytes(32)) {}

  // `peer` is the caller's address, for the audit log. The same token again with the same key within ten
  // minutes gets a certificate again (an answer may be lost on its way); with another key it is refused.
  Result<v1::EnrolResponse> Enrol(const v1::EnrolRequest& request, const std::string& peer);
  Result<v1::ChallengeResponse> Challenge(const v1::ChallengeRequest& request, const std::string& peer);
  Result<v1::EnrolResponse> Renew(const v1::RenewRequest& request, const std::string& peer);
  // Whose stream this is, by the certificate that TLS proved the key of.
  Result<v1::AgentRecord> Recognise(std::string_view certificate_pem, const std::string& peer);

 private:
  Result<v1::EnrolResponse> TryEnrol(const v1::EnrolRequest& request);
  Result<auth::Enrolment> Redeem(const v1::EnrolRequest& request, const std::string& token_digest,
                                 const std::string& public_key_der);
  Result<v1::EnrolResponse> TryRenew(const v1::RenewRequest& request);
  Result<v1::AgentRecord> TryRecognise(std::string_view certificate_pem);
  // A challenge is not kept: it carries its time and a code over it and the agent's id.
  std::string NonceCode(const std::string& agent_id, std::string_view open_part) const;
  Status CheckNonce(const std::string& agent_id, std::string_view nonce);
  // Once only; false: it was used before.
  bool UseNonce(const std::string& nonce);
  Result<v1::EnrolResponse> Answer(const v1::AgentRecord& record, const ca::Issued& issued);
  Error Refuse(const Error& error, const std::string& actor, const char* verb, const std::string& object);

  EnrolmentDependencies d_;
  const std::string nonce_key_;
  std::mutex mutex_;
  // Challenges that were answered rightly, with the end of their life. Strangers cannot fill it.
  std::map<std::string, SteadyTime> used_;  // protected by mutex_
};

}  // namespace podwright::api
