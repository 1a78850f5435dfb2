#include "agent/host/local_sockets.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace podwright::host {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error Failed(const std::string& path, const std::string& what) {
  return Error(ErrorCode::kUnavailable, path + ": " + what, Retry::kBackoff);
}

using Deadline = std::chrono::steady_clock::time_point;

Status Ready(int fd, short events, Deadline deadline, const std::string& path) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd one{fd, events, 0};
  const int count = poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  if (count > 0 || (count < 0 && errno == EINTR)) return Ok();
  return Failed(path, count == 0 ? "no answer in time" : std::strerror(errno));
}

}  // namespace

Result<std::string> RealLocalSockets::Ask(const std::string& path, std::string_view request,
                                          std::chrono::milliseconds limit) {
  const Deadline deadline = std::chrono::steady_clock::now() + limit;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return InvalidArgument(path + " is too long for a socket");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const Descriptor socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_fd.get() < 0) return Failed(path, std::strerror(errno));
  if (connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Failed(path, std::strerror(errno));
  }
  while (!request.empty()) {
    PW_TRY(Ready(socket_fd.get(), POLLOUT, deadline, path));
    const ssize_t sent = send(socket_fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
    // Who says all that it has without being asked may have closed already: what it said is read below.
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) break;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return Failed(path, std::strerror(errno));
    if (sent > 0) request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  std::array<char, 4096> buffer{};
  while (answer.size() < kMaxAnswer) {
    PW_TRY(Ready(socket_fd.get(), POLLIN, deadline, path));
    const ssize_t got = recv(socket_fd.get(), buffer.data(), buffer.size(), 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET && !answer.empty())) break;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return Failed(path, std::strerror(errno));
    if (got > 0) answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

}  // namespace podwright::host
