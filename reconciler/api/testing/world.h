// For tests: both gRPC listeners in this process on ports of their own, a memory store behind them, a clock
// that can be moved, and an agent's side of the stream.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/control.h"
#include "core/clock.h"
#include "core/crypto/envelope.h"
#include "core/crypto/keys.h"
#include "core/enrolment_token.h"
#include "core/random.h"
#include "podwright/v1/agent.grpc.pb.h"
#include "reconciler/api/agent_directory.h"
#include "reconciler/api/agents_service.h"
#include "reconciler/api/control_service.h"
#include "reconciler/api/grpc_server.h"
#include "reconciler/api/refusals.h"
#include "reconciler/auth/api_tokens.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/auth/enrolment_tokens.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/clouds/cloud.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/planner/kind_planner.h"
#include "reconciler/secrets/secret_store.h"
#include "reconciler/store/memory_store.h"

namespace podwright::api::testing {

// The system's time and as much as a test adds: certificates are checked by gRPC against the real one.
class ShiftedClock final : public Clock {
 public:
  WallTime Now() override { return system_.Now() + shift(); }
  SteadyTime Steady() override { return system_.Steady() + shift(); }
  void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, SteadyTime deadline) override {
    system_.WaitUntil(lock, condition, deadline - shift());
  }
  void Advance(std::chrono::milliseconds by) { shift_ += by.count(); }

 private:
  std::chrono::milliseconds shift() const { return std::chrono::milliseconds(shift_.load()); }
  SystemClock system_;
  std::atomic<std::int64_t> shift_{0};
};

// An agent without the agent: its keys and certificate, and calls of the service Agents.
class TestAgent {
 public:
  TestAgent(int port, std::string roots_pem);

  grpc::Status Enrol(const std::string& token_secret, const std::string& server);
  std::string Challenge();
  // `signer`: null means the own key.
  grpc::Status RenewWith(const std::string& nonce, const crypto::PrivateKey* signer = nullptr);
  grpc::Status Renew(const crypto::PrivateKey* signer = nullptr) { return RenewWith(Challenge(), signer); }
  // A stream, with the certificate where `with_certificate` says so.
  struct Stream {
    grpc::ClientContext context;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::Agents::Stub> stub;
    std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::ControlMessage>> stream;
  };
  std::unique_ptr<Stream> Open(bool with_certificate = true);
  // Hello and Welcome; otherwise the status that the stream ended with.
  grpc::Status Greet(Stream& stream, v1::Welcome* welcome);

  const std::string& id() const { return id_; }
  void TakeCertificate(std::vector<std::string> chain_pem) { chain_pem_ = std::move(chain_pem); }
  std::string RequestDer() const;

 private:
  std::shared_ptr<grpc::Channel> Channel(bool with_certificate) const;

  const std::string address_;
  const std::string roots_pem_;
  crypto::PrivateKey key_;
  crypto::PrivateKey sealing_;
  std::string id_;
  std::vector<std::string> chain_pem_;
};

class World : public control::MachineBootstrap {
 public:
  World();
  ~World() override;

  // A client with a token of this role.
  std::unique_ptr<client::Control> ClientOf(const std::string& role, const std::string& workspace = "*");
  std::unique_ptr<client::Control> ClientWith(const std::string& token, const std::string& fingerprint = "");
  // The secret part of a new enrolment token.
  std::string EnrolmentSecret(const std::string& server, std::chrono::milliseconds ttl = {});
  TestAgent NewAgent() const { return TestAgent(agents->port(), RootsPem()); }
  // Enrolled already.
  TestAgent EnrolledAgent(const std::string& server);
  std::string RootsPem() const;
  // The audit log's entries as "actor verb object outcome".
  std::vector<std::string> Audit() const;

  Result<control::BootstrapParts> Prepare(const std::string&, const std::string&, clouds::Cloud&) override;
  Status Release(const std::string&, const std::string&) override { return Ok(); }

  std::filesystem::path folder;
  ShiftedClock clock;
  SystemRandom random;
  store::MemoryStore store;
  crypto::EnvelopeKeyring keys;
  std::unique_ptr<ca::CertificateAuthority> authority;
  std::unique_ptr<auth::AuditLog> audit;
  auth::ApiTokens tokens;
  auth::EnrolmentTokens enrolment;
  std::unique_ptr<secrets::SecretStore> secrets;
  planner::KindPlanners planners;
  CallCounter calls;
  AgentDirectory directory;
  std::unique_ptr<Refusals> refusals;
  std::unique_ptr<Authenticator> authenticator;
  std::unique_ptr<control::ControlPlane> control;
  SessionManager sessions;
  std::unique_ptr<EnrolmentDesk> desk;
  std::unique_ptr<AgentsService> agents_service;
  std::unique_ptr<ControlService> control_service;
  std::unique_ptr<GrpcServer> agents;
  std::unique_ptr<GrpcServer> api;
};

}  // namespace podwright::api::testing
