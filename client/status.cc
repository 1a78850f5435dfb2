#include "client/status.h"

namespace podwright::client {

Error FromGrpc(const grpc::Status& status) {
  const int code = static_cast<int>(status.error_code());
  const auto known = code >= 1 && code <= 16 ? static_cast<ErrorCode>(code) : ErrorCode::kUnknown;
  Retry retry = Retry::kNever;
  switch (known) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kConflict: retry = Retry::kBackoff; break;
    case ErrorCode::kFailedPrecondition: retry = Retry::kAfterChange; break;
    default: break;
  }
  return Error(known, status.error_message(), retry);
}

}  // namespace podwright::client
