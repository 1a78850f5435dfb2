#include "agent/session/channel.h"

#include <grpcpp/grpcpp.h>

namespace podwright::agent {
namespace {

template <typename List>
std::string Joined(const List& pems) {
  std::string text;
  for (const auto& pem : pems) text += pem + (pem.empty() || pem.back() == '\n' ? "" : "\n");
  return text;
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // Never a connection that somebody else left open.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Rarer than any server forbids; with it comes TCP_USER_TIMEOUT, by which a heartbeat that nobody
  // acknowledges ends a dead connection.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 310'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(16 * 1024 * 1024);
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address, const std::string& roots_pem) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = roots_pem;
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), Arguments());
}

std::shared_ptr<grpc::Channel> Connect(const v1::AgentIdentity& identity, ClientCertificate certificate) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = Joined(identity.roots_pem());
  if (certificate == ClientCertificate::kShown) {
    options.pem_private_key = identity.key_pem();
    options.pem_cert_chain = Joined(identity.chain_pem());
  }
  return grpc::CreateCustomChannel(identity.address(), grpc::SslCredentials(options), Arguments());
}

void SetDeadline(grpc::ClientContext& context, std::chrono::milliseconds limit) {
  context.set_deadline(std::chrono::system_clock::now() + limit);
}

Error FromGrpc(const grpc::Status& status, const std::string& what) {
  const auto code = static_cast<ErrorCode>(status.error_code());
  const bool passing = code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
                       code == ErrorCode::kResourceExhausted || code == ErrorCode::kConflict ||
                       code == ErrorCode::kInternal || code == ErrorCode::kUnknown || code == ErrorCode::kCancelled;
  return Error(code, what + ": " + status.error_message(), passing ? Retry::kBackoff : Retry::kNever);
}

}  // namespace podwright::agent
