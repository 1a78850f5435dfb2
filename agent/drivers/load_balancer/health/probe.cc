#include "agent/drivers/load_balancer/health/probe.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/roles/role_claim.h"

namespace podwright::drivers {
namespace {

constexpr std::size_t kStatusLine = 4096;  // more than any status line has
constexpr int kWait = -1;
constexpr int kFailed = -2;

// A backend's certificate says nothing about its health.
SSL_CTX* ClientContext() {
  static const openssl::SslContext context = [] {
    openssl::SslContext made(SSL_CTX_new(TLS_client_method()));
    if (made) SSL_CTX_set_verify(made.get(), SSL_VERIFY_NONE, nullptr);
    return made;
  }();
  return context.get();
}

bool Literal(const std::string& address, int port, sockaddr_storage& storage, socklen_t& size) {
  sockaddr_in four{};
  if (::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&storage, &four, size = sizeof four);
    return true;
  }
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&storage, &six, size = sizeof six);
    return true;
  }
  return false;
}

std::string HostHeader(const ProbeTarget& target) {
  if (!target.host.empty()) return target.host;
  return target.address.find(':') == std::string::npos ? target.address : "[" + target.address + "]";
}

}  // namespace

Probe::Probe(const ProbeTarget& target, Time now) : target_(target), deadline_(now + target.timeout) {
  if (target_.type == ProbeType::kHttp) {
    request_ = "GET " + target_.path + " HTTP/1.1\r\nHost: " + HostHeader(target_) +
               "\r\nUser-Agent: podwright-check\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  }
  Connect();
}

Probe::~Probe() {
  ssl_.reset();
  if (fd_ >= 0) ::close(fd_);
}

void Probe::Finish(bool ok, std::string why) {
  ok_ = ok;
  why_ = std::move(why);
  state_ = State::kDone;
  ssl_.reset();
  if (fd_ < 0) return;
  // An ordinary end: PostgreSQL says nothing of who comes and goes, and complains of a connection that is reset.
  ::close(fd_);
  fd_ = -1;
}

void Probe::Connect() {
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (!Literal(target_.address, target_.port, storage, size)) {
    return Finish(false, "\"" + target_.address + "\" is no address");
  }
  fd_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return Finish(false, std::string("no socket: ") + std::strerror(errno));
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&storage), size) == 0) return Connected();
  if (errno != EINPROGRESS) return Finish(false, std::string("no connection: ") + std::strerror(errno));
}

void Probe::Advance(Time now) {
  if (state_ == State::kDone) return;
  Step();
  if (state_ == State::kDone || now < deadline_) return;
  static constexpr std::array kWhere{"no connection", "no TLS", "the request was not taken", "no answer"};
  Finish(false, std::string(kWhere[static_cast<std::size_t>(phase_)]) + " within " +
                    std::to_string(target_.timeout.count()) + " ms");
}

void Probe::Step() {
  switch (phase_) {
    case Phase::kConnecting: {
      sockaddr_storage peer{};
      socklen_t peer_size = sizeof peer;
      int problem = 0;
      socklen_t size = sizeof problem;
      ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &problem, &size);
      if (problem != 0) return Finish(false, std::string("no connection: ") + std::strerror(problem));
      if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return;  // not yet
      return Connected();
    }
    case Phase::kHandshake: return Handshake();
    case Phase::kAsking: return Ask();
    case Phase::kListening: return Listen();
  }
}

void Probe::Connected() {
  switch (target_.type) {
    case ProbeType::kTcp: return Finish(true, "");
    case ProbeType::kRoles: phase_ = Phase::kListening; return Listen();
    case ProbeType::kHttp: break;
  }
  if (!target_.tls) {
    phase_ = Phase::kAsking;
    return Ask();
  }
  ssl_.reset(ClientContext() == nullptr ? nullptr : SSL_new(ClientContext()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_) != 1) return Finish(false, "no TLS: OpenSSL cannot begin");
  if (!target_.host.empty()) {
    SSL_set_tlsext_host_name(ssl_.get(), target_.host.substr(0, target_.host.find(':')).c_str());
  }
  phase_ = Phase::kHandshake;
  Handshake();
}

int Probe::Wanted(int result) {
  const int problem = SSL_get_error(ssl_.get(), result);
  if (problem == SSL_ERROR_ZERO_RETURN) return 0;
  if (problem != SSL_ERROR_WANT_READ && problem != SSL_ERROR_WANT_WRITE) return kFailed;
  state_ = problem == SSL_ERROR_WANT_READ ? State::kReading : State::kWriting;
  return kWait;
}

void Probe::Handshake() {
  ERR_clear_error();
  const int result = SSL_connect(ssl_.get());
  if (result == 1) {
    phase_ = Phase::kAsking;
    return Ask();
  }
  if (Wanted(result) != kWait) Finish(false, openssl::LastError("no TLS").message());
}

int Probe::Send(const char* data, std::size_t size) {
  if (ssl_) {
    ERR_clear_error();
    const int sent = SSL_write(ssl_.get(), data, static_cast<int>(size));
    return sent > 0 ? sent : Wanted(sent);
  }
  const ssize_t sent = ::send(fd_, data, size, MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<int>(sent);
  state_ = State::kWriting;
  return errno == EAGAIN || errno == EINTR ? kWait : kFailed;
}

int Probe::Receive(char* data, std::size_t size) {
  if (ssl_) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), data, static_cast<int>(size));
    return got > 0 ? got : Wanted(got);
  }
  const ssize_t got = ::recv(fd_, data, size, 0);
  if (got >= 0) return static_cast<int>(got);
  state_ = State::kReading;
  return errno == EAGAIN || errno == EINTR ? kWait : kFailed;
}

void Probe::Ask() {
  while (!request_.empty()) {
    const int sent = Send(request_.data(), request_.size());
    if (sent == kWait) return;
    if (sent <= 0) return Finish(false, "the request was not taken");
    request_.erase(0, static_cast<std::size_t>(sent));
  }
  phase_ = Phase::kListening;
  Listen();
}

void Probe::Listen() {
  const std::size_t most = target_.type == ProbeType::kRoles ? roles::kMaxClaimBytes : kStatusLine;
  std::array<char, 4096> buffer;
  for (;;) {
    const int got = Receive(buffer.data(), buffer.size());
    if (got == kWait) return;
    if (got == kFailed && read_.empty()) return Finish(false, "the connection was cut before an answer");
    if (got <= 0) return Judge(true);
    read_.append(buffer.data(), static_cast<std::size_t>(got));
    if (read_.size() > most) return Judge(true);
    Judge(false);
    if (state_ == State::kDone) return;
  }
}

void Probe::Judge(bool closed) {
  if (target_.type == ProbeType::kHttp) {
    if (closed || read_.find('\n') != std::string::npos) JudgeStatus();
    return;
  }
  if (!closed) return;
  const auto claims = roles::ParseClaims(read_);
  Finish(claims.ok(), claims.ok() ? "" : claims.error().message());
}

void Probe::JudgeStatus() {
  const std::string line = read_.substr(0, read_.find('\n'));
  const bool form = line.size() >= 12 && line.compare(0, 7, "HTTP/1.") == 0 && line[8] == ' ';
  int status = 0;
  for (std::size_t i = 9; form && i < 12; ++i) {
    status = line[i] >= '0' && line[i] <= '9' ? status * 10 + (line[i] - '0') : 1000;
  }
  if (status < 100 || status > 999) {
    return Finish(false, read_.empty() ? "the connection was closed without an answer" : "the answer is not HTTP");
  }
  if (target_.status == 0 ? status >= 200 && status < 400 : status == target_.status) return Finish(true, "");
  Finish(false, "answers " + std::to_string(status) +
                    (target_.status == 0 ? "" : " and not " + std::to_string(target_.status)));
}

}  // namespace podwright::drivers
