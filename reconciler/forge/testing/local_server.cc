#include "reconciler/forge/testing/local_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace podwright::forge::testing {
namespace {

// A test cannot go on without it.
void Must(bool done) {
  if (!done) std::abort();
}

openssl::X509Handle SelfSigned(EVP_PKEY* key, const std::string& subject) {
  openssl::X509Handle made(X509_new());
  X509* const certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3'600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3'600);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, openssl::Data(std::string_view(subject)),
                             static_cast<int>(subject.size()), -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  const openssl::Extension names(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject.c_str()));
  Must(names != nullptr && X509_add_ext(certificate, names.get(), -1) == 1);
  Must(X509_sign(certificate, key, EVP_sha256()) > 0);
  return made;
}

// One connection, with TLS or without.
class Stream {
 public:
  Stream(int fd, SSL_CTX* tls) : fd_(fd) {
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), fd);
    ready_ = SSL_accept(ssl_.get()) == 1;
  }
  bool ready() const { return ready_; }
  // More bytes behind `text`; false: there are none.
  bool ReadMore(std::string& text) {
    char bytes[16'384];
    const auto count = ssl_ ? SSL_read(ssl_.get(), bytes, sizeof bytes) : recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    text.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  bool Write(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t left = bytes.size() - at;
      const auto count = ssl_ ? SSL_write(ssl_.get(), bytes.data() + at, static_cast<int>(left))
                              : send(fd_, bytes.data() + at, left, MSG_NOSIGNAL);
      if (count <= 0) return false;
      at += static_cast<std::size_t>(count);
    }
    return true;
  }

 private:
  const int fd_;
  openssl::Ssl ssl_;
  bool ready_ = true;
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return text;
}

// Takes one request from the front of `text`; false: the connection ended before it was whole.
bool ReadRequest(Stream& stream, std::string& text, SeenRequest& request) {
  std::size_t end = 0;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    if (!stream.ReadMore(text)) return false;
  }
  const std::string head = text.substr(0, end + 2);
  text.erase(0, end + 4);
  const std::size_t method = head.find(' ');
  const std::size_t target = head.find(' ', method + 1);
  request.method = head.substr(0, method);
  request.target = head.substr(method + 1, target - method - 1);
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t stop = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    if (colon < stop) request.headers[Lower(head.substr(at, colon - at))] = head.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  const auto length = request.headers.find("content-length");
  const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
  while (text.size() < size) {
    if (!stream.ReadMore(text)) return false;
  }
  request.body = text.substr(0, size);
  text.erase(0, size);
  return true;
}

}  // namespace

Sending Answered(const std::string& body, const std::string& more_headers, int status) {
  return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              more_headers + "\r\n" + body,
          Sending::kKeepOpen, false};
}

LocalServer::LocalServer(Handler handler, const std::string& subject) : handler_(std::move(handler)) {
  std::signal(SIGPIPE, SIG_IGN);
  if (!subject.empty()) UseTls(subject);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  Must(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 16) == 0);
  Must(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

void LocalServer::UseTls(const std::string& subject) {
  const openssl::Pkey key(EVP_EC_gen("P-256"));
  const openssl::X509Handle certificate = SelfSigned(key.get(), subject);
  tls_.reset(SSL_CTX_new(TLS_server_method()));
  Must(SSL_CTX_use_certificate(tls_.get(), certificate.get()) == 1 &&
       SSL_CTX_use_PrivateKey(tls_.get(), key.get()) == 1);
  const openssl::Bio text(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_X509(text.get(), certificate.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  certificate_pem_.assign(bytes, static_cast<std::size_t>(size));
}

std::string LocalServer::url() const {
  return (tls_ ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port_);
}

void LocalServer::Accept() {
  for (int connection = 1;; ++connection) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    std::lock_guard lock(mutex_);
    if (fd < 0 || closed_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    open_.push_back(fd);
    serving_.emplace_back([this, fd, connection] { Serve(fd, connection); });
  }
}

void LocalServer::Serve(int fd, int connection) {
  {
    Stream stream(fd, tls_.get());
    std::string text;
    while (stream.ready()) {
      SeenRequest request;
      request.connection = connection;
      if (!ReadRequest(stream, text, request)) break;
      {
        std::lock_guard lock(mutex_);
        seen_.push_back(request);
        changed_.notify_all();
      }
      const Sending sending = handler_(request);
      bool taken = stream.Write(sending.bytes);
      while (taken && sending.forever) taken = stream.Write(sending.bytes);
      if (sending.then == Sending::kHang) {
        while (stream.ReadMore(text)) {
        }
      }
      if (!taken || sending.then != Sending::kKeepOpen) break;
    }
  }
  std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

std::vector<SeenRequest> LocalServer::seen() {
  std::lock_guard lock(mutex_);
  return seen_;
}

void LocalServer::WaitForRequests(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return seen_.size() >= count; });
}

void LocalServer::Close() {
  std::vector<std::thread> serving;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    shutdown(listener_, SHUT_RDWR);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    serving.swap(serving_);
  }
  accepting_.join();
  for (std::thread& thread : serving) thread.join();
  ::close(listener_);
}

}  // namespace podwright::forge::testing
