#include "reconciler/api/enrolment.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/crypto/certificate.h"
#include "core/digest.h"
#include "podwright/v1/agent.pb.h"
#include "reconciler/api/agent_directory.h"
#include "reconciler/api/refusals.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/auth/enrolment_tokens.h"
#include "reconciler/ca/certificate_authority.h"

namespace podwright::api {
namespace {

constexpr std::size_t kSealingKeyBytes = 32;
constexpr std::size_t kMaxRequestBytes = 8192;
// 16 random bytes, eight of the time, and the code over both.
constexpr std::size_t kNonceOpenBytes = 24;
constexpr std::size_t kNonceBytes = kNonceOpenBytes + 32;
constexpr std::chrono::milliseconds kNonceLifetime{60'000};
constexpr std::chrono::minutes kAnswerMayBeLost{10};
constexpr std::size_t kIdLength = 26;
constexpr std::string_view kRenewContext{"podwright-renew\0", 16};

std::string Object(const std::string& server) {
  return "server/" + server;
}

auth::AuditEvent Event(const v1::AgentRecord& record, const char* verb) {
  return {.actor = "agent:" + record.server(),
          .verb = verb,
          .workspace = record.workspace(),
          .object = Object(record.server()),
          .outcome = "ok",
          .detail = record.agent_id()};
}

}  // namespace

Error EnrolmentDesk::Refuse(const Error& error, const std::string& actor, const char* verb, const std::string& object) {
  switch (error.code()) {
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kInvalidArgument: d_.refusals.Note(actor, verb, "", object, error.ToString()); break;
    default: break;
  }
  return error;
}

Result<v1::EnrolResponse> EnrolmentDesk::Enrol(const v1::EnrolRequest& request, const std::string& peer) {
  Result<v1::EnrolResponse> response = TryEnrol(request);
  if (!response.ok()) return Refuse(response.error(), "unknown:" + peer, "agent.enrol", Object(request.server()));
  return response;
}

// The token is used up last, so that a request that is wrong otherwise does not cost it.
Result<v1::EnrolResponse> EnrolmentDesk::TryEnrol(const v1::EnrolRequest& request) {
  if (request.sealing_public_key().size() != kSealingKeyBytes) {
    return InvalidArgument("the sealing key must be an X25519 key of 32 bytes");
  }
  if (request.csr_der().size() > kMaxRequestBytes) return InvalidArgument("the signing request is too large");
  PW_ASSIGN(const crypto::Request csr, crypto::ParseRequest(request.csr_der()));
  PW_ASSIGN(const std::string public_key, csr.key.Der());
  const std::string token_digest(Sha256(request.token()).View());
  PW_ASSIGN(const auth::Enrolment enrolment, Redeem(request, token_digest, public_key));

  v1::AgentRecord record;
  record.set_agent_id(d_.random.Id(kIdLength));
  record.set_workspace(enrolment.workspace);
  record.set_server(enrolment.server);
  record.set_public_key_der(public_key);
  record.set_sealing_public_key(request.sealing_public_key());
  record.set_enrolled_unix_ms(ToUnixMillis(d_.clock.Now()));
  record.set_version(request.agent_version().substr(0, 64));
  record.set_token_digest(token_digest);
  PW_ASSIGN(const ca::Issued issued, d_.authority.IssueAgent(request.csr_der(), record.agent_id(), record.server()));
  record.set_certificate_serial(issued.serial);
  record.set_certificate_expires_unix_ms(ToUnixMillis(issued.not_after));
  PW_TRY(d_.directory.Enrol(record));
  PW_TRY(d_.audit.Append(Event(record, "agent.enrol")));
  return Answer(record, issued);
}

Result<auth::Enrolment> EnrolmentDesk::Redeem(const v1::EnrolRequest& request, const std::string& token_digest,
                                              const std::string& public_key_der) {
  Result<auth::Enrolment> enrolment = d_.tokens.Consume(request.token(), request.server());
  if (enrolment.ok() || enrolment.error().code() != ErrorCode::kFailedPrecondition) return enrolment;
  // Used already: by this very agent, whose answer was lost?
  PW_ASSIGN(const std::vector<v1::AgentRecord> records, d_.directory.List("*"));
  const std::int64_t oldest = ToUnixMillis(d_.clock.Now() - kAnswerMayBeLost);
  for (const v1::AgentRecord& record : records) {
    if (record.server() == request.server() && ConstantTimeEquals(record.token_digest(), token_digest) &&
        record.public_key_der() == public_key_der && record.enrolled_unix_ms() > oldest && !record.revoked()) {
      return auth::Enrolment{record.workspace(), record.server()};
    }
  }
  return enrolment;
}

Result<v1::EnrolResponse> EnrolmentDesk::Answer(const v1::AgentRecord& record, const ca::Issued& issued) {
  PW_ASSIGN(const std::vector<ca::RootInfo> roots, d_.authority.Roots());
  v1::EnrolResponse response;
  response.set_agent_id(record.agent_id());
  response.set_workspace(record.workspace());
  response.set_server(record.server());
  for (const std::string& pem : issued.chain_pem) response.add_chain_pem(pem);
  for (const ca::RootInfo& root : roots) response.add_roots_pem(root.certificate_pem);
  response.set_not_after_unix_ms(ToUnixMillis(issued.not_after));
  return response;
}

// Unknown agents get a challenge, too: whether an id is enrolled is told to nobody who cannot sign.
Result<v1::ChallengeResponse> EnrolmentDesk::Challenge(const v1::ChallengeRequest& request, const std::string&) {
  if (request.agent_id().empty() || request.agent_id().size() > 64) return InvalidArgument("no agent's id");
  std::string nonce = d_.random.Bytes(16);
  const auto now = static_cast<std::uint64_t>(ToUnixMillis(d_.clock.Now()));
  for (int shift = 56; shift >= 0; shift -= 8) nonce += static_cast<char>((now >> shift) & 0xff);
  nonce += NonceCode(request.agent_id(), nonce);
  v1::ChallengeResponse response;
  response.set_nonce(nonce);
  return response;
}

std::string EnrolmentDesk::NonceCode(const std::string& agent_id, std::string_view open_part) const {
  return HmacSha256(nonce_key_, std::string(open_part) + agent_id);
}

Status EnrolmentDesk::CheckNonce(const std::string& agent_id, std::string_view nonce) {
  const Error bad =
      Unauthenticated("the challenge is not ours, was used, or is older than a minute; ask for a new one");
  if (nonce.size() != kNonceBytes) return bad;
  const std::string_view open_part = nonce.substr(0, kNonceOpenBytes);
  if (!ConstantTimeEquals(NonceCode(agent_id, open_part), nonce.substr(kNonceOpenBytes))) return bad;
  std::uint64_t made = 0;
  for (const char c : open_part.substr(16)) made = (made << 8) | static_cast<unsigned char>(c);
  const WallTime age_limit = FromUnixMillis(static_cast<std::int64_t>(made)) + kNonceLifetime;
  if (d_.clock.Now() > age_limit) return bad;
  return Ok();
}

bool EnrolmentDesk::UseNonce(const std::string& nonce) {
  const SteadyTime now = d_.clock.Steady();
  const std::lock_guard lock(mutex_);
  std::erase_if(used_, [&](const auto& entry) { return entry.second <= now; });
  return used_.emplace(nonce, now + kNonceLifetime).second;
}

Result<v1::EnrolResponse> EnrolmentDesk::Renew(const v1::RenewRequest& request, const std::string& peer) {
  Result<v1::EnrolResponse> response = TryRenew(request);
  if (!response.ok()) return Refuse(response.error(), "unknown:" + peer, "agent.renew", "agent/" + request.agent_id());
  return response;
}

Result<v1::EnrolResponse> EnrolmentDesk::TryRenew(const v1::RenewRequest& request) {
  PW_TRY(CheckNonce(request.agent_id(), request.nonce()));
  if (request.csr_der().size() > kMaxRequestBytes) return InvalidArgument("the signing request is too large");
  Result<v1::AgentRecord> record = d_.directory.ById(request.agent_id());
  if (!record.ok() && record.error().code() == ErrorCode::kNotFound) {
    return Unauthenticated("no such agent is enrolled; its server needs a new enrolment token");
  }
  PW_TRY(record);
  PW_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::FromDer(record->public_key_der()));
  std::string signed_bytes(kRenewContext);
  signed_bytes += request.nonce();
  signed_bytes += request.csr_der();
  if (!key.Verify(signed_bytes, request.signature()).ok()) {
    return Unauthenticated("the signature is not by the enrolled key");
  }
  if (!UseNonce(request.nonce())) return Unauthenticated("the challenge was used already; ask for a new one");
  if (record->revoked()) return PermissionDenied("this agent was revoked");
  PW_TRY(d_.authority.CheckRevoked("", record->agent_id()));
  PW_ASSIGN(const crypto::Request csr, crypto::ParseRequest(request.csr_der()));
  if (!csr.key.Equals(key)) return PermissionDenied("a renewal is for the enrolled key");

  PW_ASSIGN(const ca::Issued issued, d_.authority.IssueAgent(request.csr_der(), record->agent_id(), record->server()));
  PW_TRY(d_.directory.Renewed(record->agent_id(), issued.serial, ToUnixMillis(issued.not_after)));
  PW_TRY(d_.audit.Append(Event(*record, "agent.renew")));
  return Answer(*record, issued);
}

Result<v1::AgentRecord> EnrolmentDesk::Recognise(std::string_view certificate_pem, const std::string& peer) {
  Result<v1::AgentRecord> record = TryRecognise(certificate_pem);
  if (!record.ok()) return Refuse(record.error(), "unknown:" + peer, "agent.session", "");
  return record;
}

Result<v1::AgentRecord> EnrolmentDesk::TryRecognise(std::string_view certificate_pem) {
  if (certificate_pem.empty()) return Unauthenticated("a session needs the agent's certificate");
  PW_ASSIGN(const crypto::Certificate certificate, crypto::Certificate::FromPem(certificate_pem));
  PW_ASSIGN(const ca::AgentIdentity identity, d_.authority.VerifyAgent({certificate}));
  Result<v1::AgentRecord> record = d_.directory.ById(identity.uid);
  if (!record.ok() && record.error().code() == ErrorCode::kNotFound) {
    return PermissionDenied("the agent " + identity.uid + " of server/" + identity.name + " is not enrolled any more");
  }
  PW_TRY(record);
  if (record->revoked()) return PermissionDenied("the agent of server/" + record->server() + " was revoked");
  PW_ASSIGN(const crypto::PublicKey key, certificate.Key());
  PW_ASSIGN(const std::string der, key.Der());
  if (record->server() != identity.name || der != record->public_key_der()) {
    return PermissionDenied("the certificate does not belong to the enrolled agent of server/" + record->server());
  }
  return record;
}

}  // namespace podwright::api
