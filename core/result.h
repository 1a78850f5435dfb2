// Result<T> and Status: how every fallible function of Podwright answers.
//
// A Result holds a value or an Error, never both and never neither. It is [[nodiscard]]: an error
// cannot be lost by not looking. Exceptions never cross a library's edge; what a third-party library
// throws is caught where it is called and becomes an Error.
//
// Threading: a Result is a value; use one from one thread at a time.
#pragma once

#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace podwright {

// What kind of failure it is. The values are those of gRPC's status codes, so that the edge of the
// system maps them one to one.
enum class ErrorCode {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kConflict = 10,  // gRPC: ABORTED
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "invalid-argument", "conflict", …: for logs and JSON.
std::string_view ErrorCodeName(ErrorCode code);

// Whether trying again can help, and when.
enum class Retry {
  kNever,        // the same call gives the same error
  kBackoff,      // a passing fault: try again with backoff
  kAfterChange,  // only after the object or a fact that it read has changed
};

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message, Retry retry = Retry::kNever)
      : code_(code), message_(std::move(message)), retry_(retry) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  Retry retry() const { return retry_; }
  const Error* cause() const { return cause_.get(); }

  // A new error that says what was being done, with this one as its cause.
  Error Wrap(std::string message) const {
    Error outer(code_, std::move(message), retry_);
    outer.cause_ = std::make_shared<const Error>(*this);
    return outer;
  }

  // "apply failed: cannot write /etc/motd: disk full".
  std::string ToString() const;

 private:
  ErrorCode code_;
  std::string message_;
  Retry retry_;
  std::shared_ptr<const Error> cause_;  // shared: errors are copied, causes never change
};

inline Error InvalidArgument(std::string m) {
  return Error(ErrorCode::kInvalidArgument, std::move(m));
}
inline Error NotFound(std::string m) {
  return Error(ErrorCode::kNotFound, std::move(m));
}
inline Error AlreadyExists(std::string m) {
  return Error(ErrorCode::kAlreadyExists, std::move(m));
}
inline Error Conflict(std::string m) {
  return Error(ErrorCode::kConflict, std::move(m), Retry::kBackoff);
}
inline Error FailedPrecondition(std::string m) {
  return Error(ErrorCode::kFailedPrecondition, std::move(m), Retry::kAfterChange);
}
inline Error PermissionDenied(std::string m) {
  return Error(ErrorCode::kPermissionDenied, std::move(m));
}
inline Error Unauthenticated(std::string m) {
  return Error(ErrorCode::kUnauthenticated, std::move(m));
}
inline Error Unavailable(std::string m) {
  return Error(ErrorCode::kUnavailable, std::move(m), Retry::kBackoff);
}
inline Error DeadlineExceeded(std::string m) {
  return Error(ErrorCode::kDeadlineExceeded, std::move(m), Retry::kBackoff);
}
inline Error ResourceExhausted(std::string m) {
  return Error(ErrorCode::kResourceExhausted, std::move(m), Retry::kBackoff);
}
inline Error Unimplemented(std::string m) {
  return Error(ErrorCode::kUnimplemented, std::move(m));
}
inline Error Internal(std::string m) {
  return Error(ErrorCode::kInternal, std::move(m));
}
inline Error Cancelled(std::string m) {
  return Error(ErrorCode::kCancelled, std::move(m));
}
inline Error DataLoss(std::string m) {
  return Error(ErrorCode::kDataLoss, std::move(m));
}
inline Error OutOfRange(std::string m) {
  return Error(ErrorCode::kOutOfRange, std::move(m));
}

// An Error made from errno, with the system's words: "open /etc/x: Permission denied".
Error ErrnoError(int errno_value, std::string_view what);

template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return error;` are the point.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result<T>>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  // NOLINTEND(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Asking an error for its value is a bug of the caller: it ends the program.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success, or an Error. Default construction is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    assert(!ok());
    return *error_;
  }
  Error&& error() && {
    assert(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;
inline Status Ok() {
  return Status();
}

}  // namespace podwright

// PW_TRY(status_or_result);            returns the error from the enclosing function, if there is one.
// PW_ASSIGN(auto x, MakeX());          x is the value, or the error is returned.
// Statements, not expressions: a statement-expression inside braced initialisation leaks a temporary
// under g++ 12 and clang 14.
#define PW_CONCAT_INNER(a, b) a##b
#define PW_CONCAT(a, b) PW_CONCAT_INNER(a, b)
#define PW_TRY(expr)                                \
  do {                                              \
    if (auto pw_status = (expr); !pw_status.ok()) { \
      return std::move(pw_status).error();          \
    }                                               \
  } while (false)
#define PW_ASSIGN_IMPL(tmp, decl, expr) \
  auto tmp = (expr);                    \
  if (!tmp.ok()) {                      \
    return std::move(tmp).error();      \
  }                                     \
  decl = std::move(tmp).value()
#define PW_ASSIGN(decl, ...) PW_ASSIGN_IMPL(PW_CONCAT(pw_result_, __LINE__), decl, (__VA_ARGS__))
