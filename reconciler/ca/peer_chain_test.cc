// FetchPeerChain against a TLS server with certificates of the CA.
#include "core/crypto/peer_chain.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "core/openssl.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/store/memory_store.h"

namespace podwright::ca {
namespace {

using crypto::Certificate;
using crypto::FetchPeerChain;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Accepts one connection on a port of its own and gives it to `serve`.
class Listener {
 public:
  explicit Listener(std::function<void(int)> serve) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, raw, size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      // Of this side only: the client has to cope by itself with a server that is gone.
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      const int client = accept(fd_, nullptr, nullptr);
      if (client >= 0) {
        serve(client);
        close(client);
      }
    });
  }
  ~Listener() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  std::uint16_t port() const { return port_; }

 private:
  const int fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class PeerChain : public testing::Test {
 protected:
  PeerChain() {
    EXPECT_TRUE(keys_.Add("k1", crypto::SecretBytes(std::string(32, 'k'))).ok());
    ca_ = *CertificateAuthority::Open(store_, keys_, clock_);
    server_ = *ca_->IssueServer({{"localhost"}, {"127.0.0.1"}, {}}, std::chrono::hours(1));
  }

  // A TLS handshake with the given chain; waits for the client to go.
  void Serve(int client, const std::string& chain_text) {
    const openssl::SslContext context(SSL_CTX_new(TLS_server_method()));
    const auto chain = *Certificate::ChainFromPem(chain_text);
    SSL_CTX_use_certificate(context.get(), chain[0].handle());
    for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context.get(), chain[i].handle());
    const auto key = *crypto::PrivateKey::FromPem(server_.key_pem.Reveal());
    SSL_CTX_use_PrivateKey(context.get(), key.handle());
    const openssl::Ssl ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), client);
    if (SSL_accept(ssl.get()) == 1) {
      char byte = 0;
      SSL_read(ssl.get(), &byte, 1);
    }
    ERR_clear_error();
  }

  SystemClock clock_;
  store::MemoryStore store_{clock_};
  crypto::EnvelopeKeyring keys_;
  std::unique_ptr<CertificateAuthority> ca_;
  ServerCertificate server_;
};

TEST_F(PeerChain, ShowsWhatTheServerShowsAndFindsTheRoot) {
  const Listener listener([this](int client) { Serve(client, server_.certificate.ChainText()); });
  const auto chain = FetchPeerChain({"127.0.0.1", listener.port()}, seconds(10));
  ASSERT_TRUE(chain.ok()) << chain.error().ToString();
  ASSERT_EQ(chain->size(), 2U);
  const std::string fingerprint = *ca_->Fingerprint();
  const auto root = crypto::FindRoot(*chain, fingerprint, clock_.Now());
  ASSERT_TRUE(root.ok()) << root.error().ToString();
  EXPECT_EQ(*root->Fingerprint(), fingerprint);
  EXPECT_EQ(crypto::FindRoot(*chain, std::string(64, '0'), clock_.Now()).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(crypto::FindRoot(*chain, "", clock_.Now()).error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(PeerChain, TheRootIsFetchedByItsFingerprintHoweverThatIsWritten) {
  const Listener listener([this](int client) { Serve(client, server_.certificate.ChainText()); });
  const std::string fingerprint = *ca_->Fingerprint();
  std::string written;
  for (std::size_t i = 0; i < fingerprint.size(); ++i) {
    if (i != 0 && i % 2 == 0) written += ':';
    written += static_cast<char>(std::toupper(static_cast<unsigned char>(fingerprint[i])));
  }
  const auto root = crypto::FetchRoot({"127.0.0.1", listener.port()}, written, clock_.Now(), seconds(10));
  ASSERT_TRUE(root.ok()) << root.error().ToString();
  EXPECT_EQ(*root->Fingerprint(), fingerprint);
}

TEST_F(PeerChain, ARootThatDidNotSignTheServerIsNotTaken) {
  store::MemoryStore other_store(clock_);
  const auto other = *CertificateAuthority::Open(other_store, keys_, clock_);
  const std::string right_root = server_.certificate.chain_pem[1];
  const auto foreign = *other->IssueServer({{"localhost"}, {}, {}}, std::chrono::hours(1));
  // A stranger shows the right root beside his own certificate.
  const auto chain = *Certificate::ChainFromPem(foreign.certificate.chain_pem[0] + right_root);
  EXPECT_EQ(crypto::FindRoot(chain, *ca_->Fingerprint(), clock_.Now()).error().code(), ErrorCode::kUnauthenticated);
  // A leaf's own fingerprint is no CA's.
  EXPECT_EQ(crypto::FindRoot(chain, *chain[0].Fingerprint(), clock_.Now()).error().code(),
            ErrorCode::kPermissionDenied);
}

TEST_F(PeerChain, AServerWithoutTlsIsUnavailable) {
  const Listener listener([](int client) { EXPECT_EQ(write(client, "HTTP/1.1 400 no\r\n\r\n", 19), 19); });
  EXPECT_EQ(FetchPeerChain({"127.0.0.1", listener.port()}, seconds(10)).error().code(), ErrorCode::kUnavailable);
}

TEST_F(PeerChain, AServerThatHangsUpIsUnavailable) {
  const Listener listener([](int) {});
  EXPECT_EQ(FetchPeerChain({"127.0.0.1", listener.port()}, seconds(10)).error().code(), ErrorCode::kUnavailable);
}

TEST_F(PeerChain, ASilentServerMeetsTheDeadline) {
  const Listener listener([](int client) {
    char buffer[4096];
    while (read(client, buffer, sizeof buffer) > 0) {
    }
  });
  EXPECT_EQ(FetchPeerChain({"127.0.0.1", listener.port()}, milliseconds(100)).error().code(),
            ErrorCode::kDeadlineExceeded);
}

TEST_F(PeerChain, NobodyThereIsUnavailable) {
  std::uint16_t port = 0;
  {
    const Listener listener([](int) {});
    port = listener.port();
  }
  EXPECT_EQ(FetchPeerChain({"127.0.0.1", port}, seconds(5)).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(FetchPeerChain({"not a host", port}, seconds(5)).error().code(), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace podwright::ca
