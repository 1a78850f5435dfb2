#include "core/result.h"

#include <cerrno>
#include <cstring>

namespace podwright {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kUnknown: return "unknown";
    case ErrorCode::kInvalidArgument: return "invalid-argument";
    case ErrorCode::kDeadlineExceeded: return "deadline-exceeded";
    case ErrorCode::kNotFound: return "not-found";
    case ErrorCode::kAlreadyExists: return "already-exists";
    case ErrorCode::kPermissionDenied: return "permission-denied";
    case ErrorCode::kResourceExhausted: return "resource-exhausted";
    case ErrorCode::kFailedPrecondition: return "failed-precondition";
    case ErrorCode::kConflict: return "conflict";
    case ErrorCode::kOutOfRange: return "out-of-range";
    case ErrorCode::kUnimplemented: return "unimplemented";
    case ErrorCode::kInternal: return "internal";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kDataLoss: return "data-loss";
    case ErrorCode::kUnauthenticated: return "unauthenticated";
  }
  return "unknown";
}

std::string Error::ToString() const {
  std::string text = message_;
  for (const Error* e = cause(); e != nullptr; e = e->cause()) {
    text += ": ";
    text += e->message();
  }
  return text;
}

namespace {
ErrorCode CodeOfErrno(int value) {
  switch (value) {
    case ENOENT:
    case ESRCH: return ErrorCode::kNotFound;
    case EEXIST: return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM: return ErrorCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return ErrorCode::kResourceExhausted;
    case EINVAL:
    case ENAMETOOLONG: return ErrorCode::kInvalidArgument;
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH: return ErrorCode::kUnavailable;
    default: return ErrorCode::kInternal;
  }
}
}  // namespace

Error ErrnoError(int errno_value, std::string_view what) {
  const ErrorCode code = CodeOfErrno(errno_value);
  const bool passing = code == ErrorCode::kResourceExhausted || code == ErrorCode::kUnavailable;
  return Error(code, std::string(what) + ": " + std::strerror(errno_value), passing ? Retry::kBackoff : Retry::kNever);
}

}  // namespace podwright
