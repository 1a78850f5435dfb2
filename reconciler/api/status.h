// Our errors as gRPC's statuses: the code one to one, the message whole.
#pragma once

#include <grpcpp/support/status.h>

#include "core/result.h"

namespace podwright::api {

// gRPC's trailers carry the message; both sides allow 128 KiB of them.
inline constexpr int kMaxMetadataBytes = 128 << 10;
inline constexpr std::size_t kMaxMessageBytes = 24 << 10;  // each byte may take three when it is encoded

grpc::Status ToGrpc(const Error& error);
grpc::Status ToGrpc(const Status& status);

// Answers the value, or the error.
template <typename T>
grpc::Status Answer(Result<T> result, T* response) {
  if (!result.ok()) return ToGrpc(result.error());
  *response = std::move(result).value();
  return grpc::Status::OK;
}

}  // namespace podwright::api
