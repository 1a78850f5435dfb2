#include "agent/session/enrolment.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <thread>

#include "agent/session/channel.h"
#include "agent/session/identity.h"
#include "core/address.h"
#include "core/crypto/keys.h"
#include "core/crypto/peer_chain.h"
#include "core/enrolment_token.h"
#include "podwright/v1/agent.grpc.pb.h"

namespace podwright::agent {
namespace {

constexpr std::chrono::milliseconds kLimit{20'000};
constexpr char kBegun[] = "/enrolling";

// The keys of an enrolment that was begun, or new ones, which are on disk before anybody hears of them.
Result<v1::AgentIdentity> KeysFor(const EnrolmentToken& token, const std::string& folder) {
  const auto begun = ReadPrivateFile(folder + kBegun);
  v1::AgentIdentity identity;
  if (begun.ok() && identity.ParseFromString(*begun) && identity.server() == token.server &&
      identity.address() == token.address) {
    return identity;
  }
  PW_ASSIGN(identity, NewIdentity(token.server, token.address));
  PW_TRY(WritePrivateFile(folder + kBegun, identity.SerializeAsString()));
  return identity;
}

}  // namespace

Result<v1::AgentIdentity> Enrol(std::string_view token_text, const std::string& folder,
                                const std::string& agent_version, Clock& clock) {
  PW_ASSIGN(const EnrolmentToken token, EnrolmentToken::Parse(token_text));
  PW_ASSIGN(const Address address, ParseAddress(token.address, -1));
  PW_ASSIGN(const auto root, crypto::FetchRoot(address, token.ca_fingerprint, clock.Now(), kLimit));
  PW_ASSIGN(const std::string root_pem, root.Pem());

  PW_ASSIGN(v1::AgentIdentity identity, KeysFor(token, folder));
  PW_ASSIGN(const std::string request_der, RequestFor(identity));
  PW_ASSIGN(const auto sealing, crypto::PrivateKey::FromPem(identity.sealing_private_key()));
  PW_ASSIGN(const auto sealing_public, sealing.Public());
  PW_ASSIGN(const std::string sealing_raw, sealing_public.Raw());

  v1::EnrolRequest request;
  request.set_token(std::string(token.secret.Reveal()));
  request.set_server(token.server);
  request.set_csr_der(request_der);
  request.set_sealing_public_key(sealing_raw);
  request.set_agent_version(agent_version);
  v1::EnrolResponse response;
  grpc::ClientContext context;
  SetDeadline(context, kLimit);
  const auto stub = v1::Agents::NewStub(Connect(token.address, root_pem));
  const grpc::Status status = stub->Enrol(&context, request, &response);
  if (!status.ok()) return FromGrpc(status, "the control plane did not enrol the server");
  PW_TRY(TakeCertificate(response, ToUnixMillis(clock.Now()), identity));
  PW_TRY(SaveIdentity(folder, identity));
  PW_TRY(ShredFile(folder + kBegun));
  return identity;
}

Status RenewCertificate(v1::AgentIdentity& identity, Clock& clock) {
  const auto stub = v1::Agents::NewStub(Connect(identity, ClientCertificate::kNone));
  v1::ChallengeRequest challenge_request;
  challenge_request.set_agent_id(identity.agent_id());
  v1::ChallengeResponse challenge;
  {
    grpc::ClientContext context;
    SetDeadline(context, kLimit);
    const grpc::Status status = stub->Challenge(&context, challenge_request, &challenge);
    if (!status.ok()) return FromGrpc(status, "the control plane gave no challenge");
  }
  v1::RenewRequest request;
  request.set_agent_id(identity.agent_id());
  request.set_nonce(challenge.nonce());
  PW_ASSIGN(const std::string request_der, RequestFor(identity));
  PW_ASSIGN(const std::string signature, SignRenewal(identity, challenge.nonce(), request_der));
  request.set_csr_der(request_der);
  request.set_signature(signature);
  v1::EnrolResponse response;
  grpc::ClientContext context;
  SetDeadline(context, kLimit);
  const grpc::Status status = stub->Renew(&context, request, &response);
  if (!status.ok()) return FromGrpc(status, "the control plane did not renew the certificate");
  if (response.agent_id() != identity.agent_id()) return InvalidArgument("the control plane renewed another agent");
  return TakeCertificate(response, ToUnixMillis(clock.Now()), identity);
}

bool AnswersAfresh(const v1::AgentIdentity& identity, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    const auto stub = v1::Agents::NewStub(Connect(identity, ClientCertificate::kNone));
    v1::ChallengeRequest request;
    request.set_agent_id(identity.agent_id());
    v1::ChallengeResponse response;
    grpc::ClientContext context;
    SetDeadline(context, std::min(left, std::chrono::milliseconds(5000)));
    const grpc::Status status = stub->Challenge(&context, request, &response);
    // A refusal is an answer too.
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE &&
        status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
      return true;
    }
    std::this_thread::sleep_for(std::min(left, std::chrono::milliseconds(500)));
  }
}

}  // namespace podwright::agent
