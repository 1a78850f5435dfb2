// A gRPC listener of ours: TLS with a certificate that is read again when its files change, bounds, and a stop
// that lets calls under way end.
//
// Threading: Start and Stop from one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "core/result.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace podwright::api {

struct ListenerOptions {
  std::string address;  // HOST:PORT; port 0: any
  std::filesystem::path key_file;
  std::filesystem::path chain_file;
  // Asks clients for a certificate; the service judges it.
  bool ask_for_certificate = false;
  int max_request_bytes = 64 << 20;
  int max_threads = 0;  // of the sync API; 0: not limited
};

class GrpcServer {
 public:
  // `service` must outlive it. kUnavailable: the address cannot be listened on.
  static Result<std::unique_ptr<GrpcServer>> Start(const ListenerOptions& options, grpc::Service& service);
  ~GrpcServer();  // stops at once

  int port() const { return port_; }
  // No further calls; those under way have so long.
  void Stop(std::chrono::milliseconds patience);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, int port);
  std::unique_ptr<grpc::Server> server_;
  const int port_;
};

// gRPC's own lines go into our log, one level lower than it thinks of them: what matters of them is said by the
// calls that fail. Call once, before the first server.
void RouteGrpcLogs();

}  // namespace podwright::api
