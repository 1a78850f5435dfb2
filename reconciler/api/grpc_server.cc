#include "reconciler/api/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <utility>

#include "core/log.h"
#include "reconciler/api/status.h"

namespace podwright::api {
namespace {

constexpr unsigned kReloadSeconds = 5;

std::shared_ptr<grpc::ServerCredentials> Credentials(const ListenerOptions& options) {
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      options.key_file.string(), options.chain_file.string(), kReloadSeconds);
  grpc::experimental::TlsServerCredentialsOptions tls(std::move(provider));
  tls.watch_identity_key_cert_pairs();
  tls.set_cert_request_type(options.ask_for_certificate ? GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY
                                                        : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace

GrpcServer::GrpcServer(std::unique_ptr<grpc::Server> server, int port) : server_(std::move(server)), port_(port) {}

GrpcServer::~GrpcServer() {
  Stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const ListenerOptions& options, grpc::Service& service) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.address, Credentials(options), &port);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(options.max_request_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  // A port that another process holds is an error, not shared.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Dead peers are found out; clients may ask for signs of life as often as ours do.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  if (options.max_threads > 0) {
    grpc::ResourceQuota quota("podwright");
    quota.SetMaxThreads(options.max_threads);
    builder.SetResourceQuota(quota);
  }
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server || port == 0) return Unavailable("cannot listen on " + options.address + ": is the port taken?");
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), port));
}

void RouteGrpcLogs() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    const log::Level level = line->severity == GPR_LOG_SEVERITY_ERROR ? log::Level::kInfo : log::Level::kDebug;
    log::Write(level, "gRPC", {{"text", std::string_view(line->message)}});
  });
}

void GrpcServer::Stop(std::chrono::milliseconds patience) {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now() + patience);
  server_->Wait();
  server_.reset();
}

}  // namespace podwright::api
