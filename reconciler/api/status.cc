#include "reconciler/api/status.h"

namespace podwright::api {

grpc::Status ToGrpc(const Error& error) {
  std::string message = error.ToString();
  if (message.size() > kMaxMessageBytes) {
    std::size_t end = kMaxMessageBytes;
    // Not in the midst of a character.
    while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
    message.resize(end);
    message += "\n… (cut off)";
  }
  return grpc::Status(static_cast<grpc::StatusCode>(static_cast<int>(error.code())), message);
}

grpc::Status ToGrpc(const Status& status) {
  return status.ok() ? grpc::Status::OK : ToGrpc(status.error());
}

}  // namespace podwright::api
