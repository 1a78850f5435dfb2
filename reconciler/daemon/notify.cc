#include "reconciler/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace podwright::daemon {

Status Notify(const std::string& socket, std::string_view state) {
  if (socket.empty()) return Ok();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path || (socket.front() != '/' && socket.front() != '@')) {
    return InvalidArgument("NOTIFY_SOCKET is not the path of a socket");
  }
  std::memcpy(address.sun_path, socket.data(), socket.size());
  if (socket.front() == '@') address.sun_path[0] = '\0';  // an abstract one
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoError(errno, "make a socket");
  Status status = Ok();
  if (sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length) < 0) {
    status = ErrnoError(errno, "notify " + socket);
  }
  close(fd);
  return status;
}

}  // namespace podwright::daemon
