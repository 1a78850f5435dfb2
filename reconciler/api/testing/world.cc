#include "reconciler/api/testing/world.h"

#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <fstream>
#include <utility>

#include "core/crypto/certificate.h"
#include "kinds/registry.h"

namespace podwright::api::testing {
namespace {

// What fails while a world is made is a mistake of the test: the value, or the end.
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::fputs((result.error().ToString() + "\n").c_str(), stderr);
    std::abort();
  }
  return std::move(result).value();
}
void Must(const Status& status) {
  if (status.ok()) return;
  std::fputs((status.error().ToString() + "\n").c_str(), stderr);
  std::abort();
}

std::string MakeFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "podwright-api-XXXXXX").string();
  return mkdtemp(pattern.data());
}

}  // namespace

TestAgent::TestAgent(int port, std::string roots_pem)
    : address_("127.0.0.1:" + std::to_string(port)),
      roots_pem_(std::move(roots_pem)),
      key_(Must(crypto::PrivateKey::Generate(crypto::KeyType::kEcdsaP256))),
      sealing_(Must(crypto::PrivateKey::Generate(crypto::KeyType::kX25519))) {}

std::shared_ptr<grpc::Channel> TestAgent::Channel(bool with_certificate) const {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = roots_pem_;
  if (with_certificate) {
    tls.pem_private_key = std::string(Must(key_.Pem()).Reveal());
    for (const std::string& pem : chain_pem_) tls.pem_cert_chain += pem;
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address_, grpc::SslCredentials(tls), arguments);
}

std::string TestAgent::RequestDer() const {
  return Must(crypto::CreateRequest(key_, "test"));
}

grpc::Status TestAgent::Enrol(const std::string& token_secret, const std::string& server) {
  v1::EnrolRequest request;
  request.set_token(token_secret);
  request.set_server(server);
  request.set_csr_der(RequestDer());
  request.set_sealing_public_key(Must(Must(sealing_.Public()).Raw()));
  request.set_agent_version("0.1.0");
  v1::EnrolResponse response;
  grpc::ClientContext context;
  const grpc::Status status = v1::Agents::NewStub(Channel(false))->Enrol(&context, request, &response);
  if (!status.ok()) return status;
  id_ = response.agent_id();
  chain_pem_.assign(response.chain_pem().begin(), response.chain_pem().end());
  return status;
}

std::string TestAgent::Challenge() {
  v1::ChallengeRequest request;
  request.set_agent_id(id_);
  v1::ChallengeResponse response;
  grpc::ClientContext context;
  const grpc::Status status = v1::Agents::NewStub(Channel(false))->Challenge(&context, request, &response);
  return status.ok() ? response.nonce() : std::string();
}

grpc::Status TestAgent::RenewWith(const std::string& nonce, const crypto::PrivateKey* signer) {
  v1::RenewRequest request;
  request.set_agent_id(id_);
  request.set_nonce(nonce);
  request.set_csr_der(RequestDer());
  const std::string text = std::string("podwright-renew\0", 16) + request.nonce() + request.csr_der();
  request.set_signature(Must((signer != nullptr ? *signer : key_).Sign(text)));
  v1::EnrolResponse response;
  grpc::ClientContext context;
  const grpc::Status status = v1::Agents::NewStub(Channel(false))->Renew(&context, request, &response);
  if (status.ok()) chain_pem_.assign(response.chain_pem().begin(), response.chain_pem().end());
  return status;
}

std::unique_ptr<TestAgent::Stream> TestAgent::Open(bool with_certificate) {
  auto stream = std::make_unique<Stream>();
  stream->channel = Channel(with_certificate);
  stream->stub = v1::Agents::NewStub(stream->channel);
  stream->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  stream->stream = stream->stub->Session(&stream->context);
  return stream;
}

grpc::Status TestAgent::Greet(Stream& stream, v1::Welcome* welcome) {
  v1::AgentMessage hello;
  hello.mutable_hello()->set_agent_version("0.1.0");
  hello.mutable_hello()->set_boot_id("boot");
  v1::ControlMessage answer;
  if (!stream.stream->Write(hello) || !stream.stream->Read(&answer)) return stream.stream->Finish();
  if (!answer.has_welcome()) return grpc::Status(grpc::StatusCode::INTERNAL, "the first message was no Welcome");
  *welcome = answer.welcome();
  return grpc::Status::OK;
}

World::World()
    : folder(MakeFolder()),
      store(clock),
      tokens(store, clock, random),
      enrolment(store, clock, random),
      planners(planner::AllPlanners()),
      directory(store),
      sessions(clock, {}) {
  Must(keys.Add("test", crypto::SecretBytes(std::string(32, 'k'))));
  authority = Must(ca::CertificateAuthority::Open(store, keys, clock));
  audit = Must(auth::AuditLog::Open(store, keys, clock));
  secrets = std::make_unique<secrets::SecretStore>(store, keys, clock, [](const secrets::Opening&) { return Ok(); });
  refusals = std::make_unique<Refusals>(*audit, clock);
  authenticator = std::make_unique<Authenticator>(tokens, *refusals);
  control::Options options;
  options.installation = "pw-test";
  control = Must(control::ControlPlane::Open(
      {store, clock, random, kinds::AllKinds(), planners, *secrets, *audit, sessions, directory, *this, {}}, options));
  sessions.Start(*control);
  control->Start();
  desk = std::make_unique<EnrolmentDesk>(
      EnrolmentDependencies{*authority, enrolment, *audit, directory, *refusals, clock, random});
  agents_service = std::make_unique<AgentsService>(*desk, sessions, calls);

  crypto::SubjectNames names;
  names.dns = {"localhost"};
  names.ips = {"127.0.0.1"};
  const ca::ServerCertificate identity = Must(authority->IssueServer(names, std::chrono::hours(720)));
  ListenerOptions listener;
  listener.address = "127.0.0.1:0";
  listener.key_file = folder / "key.pem";
  listener.chain_file = folder / "chain.pem";
  std::ofstream(listener.key_file) << identity.key_pem.Reveal();
  std::ofstream(listener.chain_file) << identity.certificate.ChainText();
  listener.ask_for_certificate = true;
  agents = Must(GrpcServer::Start(listener, *agents_service));
  control_service = std::make_unique<ControlService>(
      ServiceDependencies{*control, kinds::AllKinds(), clock, tokens, enrolment, *audit, *authority, directory,
                          sessions, *authenticator, calls,
                          [](const std::string&, const std::string&, bool) -> Result<std::vector<std::string>> {
                            return std::vector<std::string>{"true"};
                          },
                          "pw-test", "127.0.0.1:" + std::to_string(agents->port())});
  listener.ask_for_certificate = false;
  api = Must(GrpcServer::Start(listener, *control_service));
}

World::~World() {
  control_service->Stop();
  api->Stop(std::chrono::milliseconds(1000));
  control->Stop();
  sessions.Stop();
  agents->Stop(std::chrono::milliseconds(1000));
  std::filesystem::remove_all(folder);
}

Result<control::BootstrapParts> World::Prepare(const std::string&, const std::string&, clouds::Cloud&) {
  return Unavailable("no machines here");
}

std::string World::RootsPem() const {
  std::string pem;
  for (const ca::RootInfo& root : Must(authority->Roots())) pem += root.certificate_pem;
  return pem;
}

std::unique_ptr<client::Control> World::ClientWith(const std::string& token, const std::string& fingerprint) {
  client::Context context;
  context.endpoint = "127.0.0.1:" + std::to_string(api->port());
  context.token = token;
  if (fingerprint.empty()) {
    context.ca_pem = RootsPem();
  } else {
    context.ca_fingerprint = fingerprint;
  }
  auto connected = client::Connect(context, "podwright-test/1");
  return connected.ok() ? *std::move(connected) : nullptr;
}

std::unique_ptr<client::Control> World::ClientOf(const std::string& role, const std::string& workspace) {
  const auth::NewApiToken token = Must(tokens.Create(role + "-token", role, workspace, std::chrono::milliseconds(0)));
  return ClientWith(std::string(token.text.Reveal()));
}

std::string World::EnrolmentSecret(const std::string& server, std::chrono::milliseconds ttl) {
  const auth::NewEnrolmentToken token = Must(enrolment.Create(
      {"default", server}, "127.0.0.1:" + std::to_string(agents->port()), Must(authority->Fingerprint()), ttl));
  return std::string(token.token.secret.Reveal());
}

TestAgent World::EnrolledAgent(const std::string& server) {
  TestAgent agent = NewAgent();
  const grpc::Status status = agent.Enrol(EnrolmentSecret(server), server);
  if (!status.ok()) std::abort();
  return agent;
}

std::vector<std::string> World::Audit() const {
  std::vector<std::string> lines;
  for (const auth::AuditEntry& entry : Must(audit->List(1, 1000))) {
    lines.push_back(entry.event.actor + " " + entry.event.verb + " " + entry.event.object + " " + entry.event.outcome);
  }
  return lines;
}

}  // namespace podwright::api::testing
