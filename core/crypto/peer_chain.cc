#include "core/crypto/peer_chain.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>

#include "core/digest.h"
#include "core/openssl.h"

namespace podwright::crypto {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// OpenSSL writes to sockets that the other side may have closed; the signal for that would end the process.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec now{};
    // Takes away only what came in between.
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

bool IsAddress(const std::string& host) {
  in6_addr buffer{};
  return inet_pton(AF_INET, host.c_str(), &buffer) == 1 || inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

using Addresses = std::unique_ptr<addrinfo, openssl::Free<freeaddrinfo>>;

Result<Addresses> Resolve(const Address& server) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
      failed != 0) {
    return Unavailable("cannot resolve " + server.host + ": " + gai_strerror(failed));
  }
  return Addresses(found);
}

// False: the deadline came.
bool WaitFor(int fd, short events, steady_clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wait{fd, events, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// Answers errno; 0 when connected.
int ConnectTo(int fd, const addrinfo& address, steady_clock::time_point deadline) {
  if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!WaitFor(fd, POLLOUT, deadline)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Result<std::unique_ptr<Socket>> Connect(const Address& server, steady_clock::time_point deadline) {
  PW_ASSIGN(const Addresses addresses, Resolve(server));
  int failed = EHOSTUNREACH;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    auto socket = std::make_unique<Socket>(
        ::socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol));
    if (socket->fd() < 0) {
      failed = errno;
      continue;
    }
    failed = ConnectTo(socket->fd(), *at, deadline);
    if (failed == 0) return socket;
  }
  const std::string what = "connect to " + server.Text();
  if (failed == ETIMEDOUT) return DeadlineExceeded(what + ": no answer in time");
  return Unavailable(ErrnoError(failed, what).message());
}

Status Handshake(SSL* ssl, int fd, const std::string& host, steady_clock::time_point deadline) {
  for (;;) {
    const int done = SSL_connect(ssl);
    if (done == 1) return Ok();
    const int why = SSL_get_error(ssl, done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      Error error = openssl::LastError("no TLS with " + host, ErrorCode::kUnavailable);
      return Error(ErrorCode::kUnavailable, error.message(), Retry::kBackoff);
    }
    if (!WaitFor(fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
      return DeadlineExceeded("no TLS answer from " + host + " in time");
    }
  }
}

}  // namespace

Result<std::vector<Certificate>> FetchPeerChain(const Address& server, milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  PW_ASSIGN(const std::unique_ptr<Socket> socket, Connect(server, deadline));
  const openssl::SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return openssl::LastError("make a TLS context");
  // The caller judges the chain, by the fingerprint that it knows.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const openssl::Ssl ssl(SSL_new(context.get()));
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  if (!ssl || SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof kHttp2) != 0 || SSL_set_fd(ssl.get(), socket->fd()) != 1) {
    return openssl::LastError("make a TLS connection");
  }
  if (!IsAddress(server.host)) SSL_set_tlsext_host_name(ssl.get(), server.host.c_str());
  const NoPipeSignal no_signal;
  PW_TRY(Handshake(ssl.get(), socket->fd(), server.host, deadline));

  std::vector<Certificate> chain;
  const STACK_OF(X509)* shown = SSL_get_peer_cert_chain(ssl.get());
  for (int i = 0; shown != nullptr && i < sk_X509_num(shown); ++i) {
    chain.push_back(Certificate::FromHandle(sk_X509_value(shown, i)));
  }
  if (chain.empty()) return Unavailable(server.host + " shows no certificate");
  return chain;
}

Result<Certificate> FindRoot(const std::vector<Certificate>& chain, std::string_view fingerprint_hex, WallTime now) {
  std::string wanted;
  for (const char c : fingerprint_hex) {
    if (c != ':') wanted += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const Certificate& candidate : chain) {
    PW_ASSIGN(const std::string fingerprint, candidate.Fingerprint());
    if (!ConstantTimeEquals(fingerprint, wanted) || !candidate.IsCa()) continue;
    PW_TRY(VerifyChain(chain, {candidate}, Purpose::kServer, now));
    return candidate;
  }
  return PermissionDenied("the server belongs to another CA than the one with the fingerprint " + wanted);
}

Result<Certificate> FetchRoot(const Address& server, std::string_view fingerprint_hex, WallTime now,
                              milliseconds timeout) {
  PW_ASSIGN(const std::vector<Certificate> chain, FetchPeerChain(server, timeout));
  return FindRoot(chain, fingerprint_hex, now);
}

}  // namespace podwright::crypto
