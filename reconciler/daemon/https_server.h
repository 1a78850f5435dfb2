// HTTPS for machines that watch us: /healthz (the process lives), /readyz (it can do its work; 503 with the
// reason otherwise), /metrics (Prometheus' text form); and for forges: POST /webhooks/WORKSPACE/SOURCE (202, or 401
// whatever is wrong); and for people: GET /previews/WORKSPACE/SOURCE/NUMBER/TOKEN, which only who has the link finds.
//
// Bounds: eight threads, a few dozen waiting connections, 5 s for each read and write, 2 MiB of a request.
// Threading: Start and Stop from one thread; the handlers are called on the server's own threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "reconciler/daemon/server_identity.h"
#include "reconciler/daemon/settings.h"
#include "reconciler/sources/webhook.h"

namespace podwright::daemon {

struct HttpsHandlers {
  std::function<Status()> ready;
  std::function<std::string()> metrics;
  std::function<Status(const std::string& workspace, const std::string& source, const sources::WebhookCall& call)>
      webhook;
  std::function<Result<std::string>(const std::string& workspace, const std::string& source, std::uint64_t number,
                                    const std::string& token)>
      preview;
  std::string preview_policy;  // for the header Content-Security-Policy
};

class HttpsServer {
 public:
  // `identity` must outlive it; a renewed certificate is used from the next handshake on.
  static Result<std::unique_ptr<HttpsServer>> Start(const Address& listen, const ServerIdentity& identity,
                                                    HttpsHandlers handlers);
  ~HttpsServer();  // stops
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  int port() const;
  void Stop();

 private:
  class Impl;
  explicit HttpsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podwright::daemon
