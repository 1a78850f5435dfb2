#include "reconciler/daemon/https_server.h"

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/crypto/certificate.h"
#include "core/crypto/keys.h"
#include "core/log.h"
#include "core/openssl.h"

namespace podwright::daemon {
namespace {

constexpr std::size_t kThreads = 8;
constexpr std::size_t kMostWaiting = 64;
constexpr int kTimeoutSeconds = 5;
constexpr std::size_t kMostRequestBytes = sources::kMaxWebhookBytes;

// A pool whose queue is bounded: when it is full no further connection is taken from the system.
class BoundedPool final : public httplib::TaskQueue {
 public:
  BoundedPool() {
    for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Work(); });
  }

  void enqueue(std::function<void()> job) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return jobs_.size() < kMostWaiting || ended_; });
    if (ended_) return;
    jobs_.push_back(std::move(job));
    changed_.notify_all();
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Work() {
    while (true) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !jobs_.empty() || ended_; });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      changed_.notify_all();
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // protected by mutex_
  bool ended_ = false;                      // protected by mutex_
  std::vector<std::thread> threads_;
};

Status UseMaterial(SSL* ssl, const TlsMaterial& material) {
  PW_ASSIGN(const std::vector<crypto::Certificate> chain, crypto::Certificate::ChainFromPem(material.chain_pem));
  PW_ASSIGN(const crypto::PrivateKey key, crypto::PrivateKey::FromPem(material.key_pem));
  if (SSL_use_certificate(ssl, chain.front().handle()) != 1 || SSL_use_PrivateKey(ssl, key.handle()) != 1) {
    return Internal("the listeners' certificate cannot be used");
  }
  SSL_clear_chain_certs(ssl);
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_add1_chain_cert(ssl, chain[i].handle());
  return Ok();
}

int ChooseCertificate(SSL* ssl, void* argument) {
  const auto& identity = *static_cast<const ServerIdentity*>(argument);
  return UseMaterial(ssl, *identity.Current()).ok() ? 1 : 0;
}

}  // namespace

class HttpsServer::Impl {
 public:
  Impl(const ServerIdentity& identity, HttpsHandlers handlers)
      : handlers_(std::move(handlers)), server_([&identity](SSL_CTX& context) {
          SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
          // The callback takes no const; it only reads.
          SSL_CTX_set_cert_cb(&context, &ChooseCertificate, const_cast<ServerIdentity*>(&identity));
          return true;
        }) {
    server_.new_task_queue = [] { return new BoundedPool(); };
    server_.set_read_timeout(kTimeoutSeconds);
    server_.set_write_timeout(kTimeoutSeconds);
    server_.set_keep_alive_timeout(kTimeoutSeconds);
    server_.set_keep_alive_max_count(100);
    server_.set_payload_max_length(kMostRequestBytes);
    server_.set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
    server_.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("ok\n", "text/plain; charset=utf-8");
    });
    server_.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
      const Status ready = handlers_.ready();
      response.status = ready.ok() ? 200 : 503;
      response.set_content(ready.ok() ? "ready\n" : ready.error().ToString() + "\n", "text/plain; charset=utf-8");
    });
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(handlers_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
    });
    server_.Get(R"(/previews/([a-z][a-z0-9-]{0,62})/([a-z][a-z0-9-]{0,62})/([0-9]{1,18})/([a-z0-9]{16,64}))",
                [this](const httplib::Request& request, httplib::Response& response) {
                  const Result<std::string> page = handlers_.preview(
                      request.matches[1], request.matches[2], std::stoull(request.matches[3]), request.matches[4]);
                  response.status = page.ok() ? 200 : 404;
                  response.set_header("Content-Security-Policy", handlers_.preview_policy);
                  response.set_header("Referrer-Policy", "no-referrer");
                  response.set_header("X-Robots-Tag", "noindex");
                  if (page.ok()) {
                    response.set_content(*page, "text/html; charset=utf-8");
                  } else {
                    response.set_content("there is no such page\n", "text/plain; charset=utf-8");
                  }
                });
    server_.Post(R"(/webhooks/([a-z][a-z0-9-]{0,62})/([a-z][a-z0-9-]{0,62}))",
                 [this](const httplib::Request& request, httplib::Response& response) {
                   const sources::WebhookCall call{
                       [&request](const std::string& name) { return request.get_header_value(name); }, request.body};
                   const Status taken = handlers_.webhook(request.matches[1], request.matches[2], call);
                   response.status = taken.ok() ? 202 : 401;
                   response.set_content(taken.ok() ? "accepted\n" : "refused\n", "text/plain; charset=utf-8");
                 });
  }
  ~Impl() { Stop(); }

  Status Bind(const Address& listen) {
    if (!server_.is_valid()) return Internal("the HTTPS server's TLS cannot be set up");
    if (listen.port == 0) {
      port_ = server_.bind_to_any_port(listen.host);
    } else if (server_.bind_to_port(listen.host, listen.port)) {
      port_ = listen.port;
    }
    if (port_ <= 0) return Unavailable("cannot listen for HTTPS on " + listen.Text() + ": is the port taken?");
    thread_ = std::thread([this] {
      if (!server_.listen_after_bind() && !stopping_) log::Error("the HTTPS server has ended");
      ended_ = true;
    });
    // Only what runs can be stopped.
    while (!server_.is_running() && !ended_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Ok();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    server_.stop();
    thread_.join();
  }

  int port() const { return port_; }

 private:
  HttpsHandlers handlers_;
  httplib::SSLServer server_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ended_{false};
  int port_ = -1;
};

HttpsServer::HttpsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpsServer::~HttpsServer() = default;

Result<std::unique_ptr<HttpsServer>> HttpsServer::Start(const Address& listen, const ServerIdentity& identity,
                                                        HttpsHandlers handlers) {
  auto impl = std::make_unique<Impl>(identity, std::move(handlers));
  PW_TRY(impl->Bind(listen));
  return std::unique_ptr<HttpsServer>(new HttpsServer(std::move(impl)));
}

int HttpsServer::port() const {
  return impl_->port();
}
void HttpsServer::Stop() {
  impl_->Stop();
}

}  // namespace podwright::daemon
