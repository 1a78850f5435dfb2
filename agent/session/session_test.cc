// The agent's side of the wire against a control plane in this process, over real TLS.
#include "agent/session/session.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "agent/drivers/registry.h"
#include "agent/engine/engine.h"
#include "agent/host/memory_host.h"
#include "agent/session/enrolment.h"
#include "agent/session/identity.h"
#include "core/crypto/certificate.h"
#include "core/crypto/keys.h"
#include "core/enrolment_token.h"
#include "podwright/v1/agent.grpc.pb.h"

namespace podwright::agent {
namespace {

// A CA that is good for a test.
class TestCa {
 public:
  TestCa() : key_(*crypto::PrivateKey::Generate(crypto::KeyType::kEcdsaP256)) {
    root_pem_ = Issue(*key_.Public(), "test ca", 3600, true);
  }
  std::string Issue(const crypto::PublicKey& key, const std::string& name, long seconds, bool ca = false) const {
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_set_pubkey(certificate, key.handle());
    SetName(X509_get_subject_name(certificate), name);
    SetName(X509_get_issuer_name(certificate), "test ca");
    AddExtension(certificate, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!ca) {
      AddExtension(certificate, NID_ext_key_usage, "serverAuth,clientAuth");
      AddExtension(certificate, NID_subject_alt_name, "IP:127.0.0.1");
    }
    X509_sign(certificate, key_.handle(), EVP_sha256());
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    X509_free(certificate);
    return pem;
  }
  const std::string& root_pem() const { return root_pem_; }

 private:
  static void SetName(X509_NAME* name, const std::string& text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1,
                               0);
  }
  static void AddExtension(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  crypto::PrivateKey key_;
  std::string root_pem_;
  mutable long serial_ = 0;
};

class FakeControlPlane final : public v1::Agents::Service {
 public:
  FakeControlPlane() {
    const auto key = *crypto::PrivateKey::Generate(crypto::KeyType::kEcdsaP256);
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
    options.pem_root_certs = ca.root_pem();
    options.pem_key_cert_pairs.push_back(
        {std::string(key.Pem()->Reveal()), ca.Issue(*key.Public(), "control", 3600) + ca.root_pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeControlPlane() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string Token(const std::string& fingerprint) const {
    EnrolmentToken token;
    token.address = "127.0.0.1:" + std::to_string(port_);
    token.ca_fingerprint = fingerprint;
    token.server = "web-1";
    token.secret = crypto::SecretString("once");
    return std::string(token.ToText().Reveal());
  }
  std::string Fingerprint() const { return *crypto::Certificate::FromPem(ca.root_pem())->Fingerprint(); }

  template <typename Predicate>
  bool Await(Predicate predicate) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(30), predicate);
  }

  grpc::Status Enrol(grpc::ServerContext*, const v1::EnrolRequest* request, v1::EnrolResponse* response) override {
    std::lock_guard lock(mutex);
    enrolled.push_back(*request);
    if (lose_answers > 0) {
      --lose_answers;
      return {grpc::StatusCode::UNAVAILABLE, "lost"};
    }
    return Answer(request->csr_der(), response);
  }
  grpc::Status Challenge(grpc::ServerContext*, const v1::ChallengeRequest*, v1::ChallengeResponse* response) override {
    std::lock_guard lock(mutex);
    response->set_nonce("nonce");
    return grpc::Status::OK;
  }
  grpc::Status Renew(grpc::ServerContext* context, const v1::RenewRequest* request,
                     v1::EnrolResponse* response) override {
    std::lock_guard lock(mutex);
    std::string text = "podwright-renew";
    text.push_back('\0');
    const auto parsed = crypto::ParseRequest(request->csr_der());
    if (!parsed.ok() || !parsed->key.Verify(text + "nonce" + request->csr_der(), request->signature()).ok()) {
      return {grpc::StatusCode::UNAUTHENTICATED, "not signed by the enrolled key"};
    }
    renewed_without_certificate = context->auth_context()->FindPropertyValues("x509_pem_cert").empty();
    ++renewals;
    changed.notify_all();
    return Answer(request->csr_der(), response);
  }
  grpc::Status Session(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::ControlMessage, v1::AgentMessage>* stream) override {
    {
      std::lock_guard lock(mutex);
      certificate_shown = !context->auth_context()->FindPropertyValues("x509_pem_cert").empty();
      ++sessions;
    }
    v1::ControlMessage welcome;
    welcome.mutable_welcome()->set_epoch(3);
    welcome.mutable_welcome()->set_heartbeat_ms(100);
    stream->Write(welcome);
    for (v1::AgentMessage message; stream->Read(&message);) {
      std::lock_guard lock(mutex);
      received.push_back(message);
      changed.notify_all();
      if (end_session) {
        end_session = false;
        return {grpc::StatusCode::UNAVAILABLE, "restarting"};
      }
    }
    return grpc::Status::OK;
  }

  TestCa ca;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<v1::EnrolRequest> enrolled;  // all below are protected by mutex
  std::vector<v1::AgentMessage> received;
  int lose_answers = 0;
  int renewals = 0;
  int sessions = 0;
  bool end_session = false;
  bool certificate_shown = false;
  bool renewed_without_certificate = false;

 private:
  grpc::Status Answer(const std::string& csr_der, v1::EnrolResponse* response) {
    const auto parsed = crypto::ParseRequest(csr_der);
    if (!parsed.ok()) return {grpc::StatusCode::INVALID_ARGUMENT, "no request"};
    response->set_agent_id("agent-1");
    response->set_workspace("default");
    response->set_server("web-1");
    response->add_chain_pem(ca.Issue(parsed->key, "web-1", 3600));
    response->add_chain_pem(ca.root_pem());
    response->add_roots_pem(ca.root_pem());
    return grpc::Status::OK;
  }
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-session-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    env_ = std::make_unique<drivers::Environment>(drivers::Environment{host_.View(), clock_, nullptr, nullptr, "key"});
    drivers_ = drivers::MakeDrivers(*env_);
    auto journal = Journal::Open(folder_);
    ASSERT_TRUE(journal.ok());
    journal_ = *std::move(journal);
    EngineOptions options;
    options.version = "0.1.0";
    options.server = "web-1";
    options.state_folder = folder_;
    engine_ = std::make_unique<Engine>(options, host_.View(), drivers_, *journal_, clock_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<v1::AgentIdentity> EnrolHere() {
    return Enrol(control_.Token(control_.Fingerprint()), folder_, "0.1.0", clock_);
  }

  void WithSession(v1::AgentIdentity identity, const std::function<void()>& body) {
    Session session({folder_, std::chrono::milliseconds(10), std::chrono::milliseconds(50)}, std::move(identity),
                    *engine_, clock_, random_);
    std::thread thread([&] { session.Run(); });
    body();
    session.Stop();
    thread.join();
  }

  FakeControlPlane control_;
  std::string folder_;
  SystemClock clock_;
  SeededRandom random_{1};
  host::MemoryHost host_;
  std::unique_ptr<drivers::Environment> env_;
  drivers::Registry drivers_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(SessionTest, EnrolsWithATokenAndKeepsTheIdentity) {
  const auto identity = EnrolHere();
  ASSERT_TRUE(identity.ok()) << identity.error().ToString();
  EXPECT_EQ(identity->agent_id(), "agent-1");
  EXPECT_EQ(control_.enrolled.front().token(), "once");
  EXPECT_EQ(control_.enrolled.front().sealing_public_key().size(), 32U);
  EXPECT_EQ((*LoadIdentity(folder_))->agent_id(), "agent-1");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/enrolling"));
}

TEST_F(SessionTest, AnotherCaIsRefusedBeforeTheTokenIsSent) {
  const auto identity = Enrol(control_.Token(std::string(64, 'a')), folder_, "0.1.0", clock_);
  ASSERT_FALSE(identity.ok());
  EXPECT_EQ(identity.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(control_.enrolled.empty());
}

TEST_F(SessionTest, AfterALostAnswerTheSameKeysAreShown) {
  control_.lose_answers = 1;
  EXPECT_EQ(EnrolHere().error().retry(), Retry::kBackoff);
  ASSERT_TRUE(EnrolHere().ok());
  ASSERT_EQ(control_.enrolled.size(), 2U);
  EXPECT_TRUE(crypto::ParseRequest(control_.enrolled[0].csr_der())
                  ->key.Equals(crypto::ParseRequest(control_.enrolled[1].csr_der())->key));
}

TEST_F(SessionTest, SaysHelloShowsItsCertificateAndComesBackWhenTheStreamEnds) {
  WithSession(*EnrolHere(), [&] {
    ASSERT_TRUE(control_.Await([&] { return control_.received.size() >= 3; }));
    {
      std::lock_guard lock(control_.mutex);
      EXPECT_TRUE(control_.received[0].has_hello());
      EXPECT_TRUE(control_.received[1].has_heartbeat());
      EXPECT_TRUE(control_.certificate_shown);
      control_.received.clear();
      control_.end_session = true;
    }
    ASSERT_TRUE(control_.Await([&] { return control_.sessions >= 2 && control_.received.size() >= 2; }));
  });
}

TEST_F(SessionTest, AnExpiredCertificateIsRenewedWithoutShowingIt) {
  auto identity = *EnrolHere();
  identity.set_issued_unix_ms(ToUnixMillis(clock_.Now() - std::chrono::hours(72)));
  identity.set_not_after_unix_ms(ToUnixMillis(clock_.Now() - std::chrono::hours(48)));
  WithSession(identity, [&] { ASSERT_TRUE(control_.Await([&] { return !control_.received.empty(); })); });
  EXPECT_EQ(control_.renewals, 1);
  EXPECT_TRUE(control_.renewed_without_certificate);
  EXPECT_GT((*LoadIdentity(folder_))->not_after_unix_ms(), ToUnixMillis(clock_.Now()));
}

TEST_F(SessionTest, AFreshConnectionTellsWhetherTheControlPlaneIsThere) {
  auto identity = *EnrolHere();
  EXPECT_TRUE(AnswersAfresh(identity, std::chrono::milliseconds(5000)));
  identity.set_address("127.0.0.1:1");
  EXPECT_FALSE(AnswersAfresh(identity, std::chrono::milliseconds(300)));
}

}  // namespace
}  // namespace podwright::agent
