#include "agent/roles/role_endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/log.h"
#include "core/log_keys.h"
#include "core/result.h"

namespace podwright::roles {
namespace {

namespace key = log::key;

int BindTo(const sockaddr* address, socklen_t size, int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(fd, address, size) == 0 && ::listen(fd, 64) == 0) return fd;
  const int problem = errno;
  ::close(fd);
  errno = problem;
  return -1;
}

int Listen(const std::string& host, int port) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    const int fd = BindTo(reinterpret_cast<const sockaddr*>(&six), sizeof six, AF_INET6);
    if (fd >= 0 || host != "::") return fd;  // a server without IPv6 has IPv4 still
  }
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) four.sin_addr.s_addr = htonl(INADDR_ANY);
  return BindTo(reinterpret_cast<const sockaddr*>(&four), sizeof four, AF_INET);
}

int PortOf(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  if (storage.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
}

}  // namespace

RoleEndpoint::RoleEndpoint(RoleEndpointOptions options, RoleSources sources)
    : options_(std::move(options)), sources_(std::move(sources)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

RoleEndpoint::~RoleEndpoint() {
  Close();
  if (wake_ >= 0) ::close(wake_);
}

void RoleEndpoint::Stop() {
  stop_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_, &one, sizeof one);
}

void RoleEndpoint::Run() {
  while (!stop_) {
    LookWhetherWanted(std::chrono::steady_clock::now());
    WaitForCallers();
    if (stop_) break;
    Accept(std::chrono::steady_clock::now());
    const Time now = std::chrono::steady_clock::now();
    for (auto caller = callers_.begin(); caller != callers_.end();) {
      if (!Serve(*caller, now)) {
        ++caller;
        continue;
      }
      ::close(caller->fd);
      caller = callers_.erase(caller);
    }
  }
  Close();
}

void RoleEndpoint::LookWhetherWanted(Time now) {
  if (now < next_look_) return;
  next_look_ = now + options_.look;
  const bool wanted = sources_.wanted();
  if (wanted && listener_ < 0) Open();
  if (!wanted && listener_ >= 0) Close();
}

void RoleEndpoint::Open() {
  listener_ = Listen(options_.host, options_.port);
  if (listener_ >= 0) {
    bound_port_ = PortOf(listener_);
    told_ = false;
    return;
  }
  if (!told_) {
    log::Error("roles cannot be told to balancers",
               {{key::kAddress, options_.host + " port " + std::to_string(options_.port)},
                {key::kError, std::strerror(errno)}});
  }
  told_ = true;
}

void RoleEndpoint::Close() {
  bound_port_ = 0;
  for (const Caller& caller : callers_) ::close(caller.fd);
  callers_.clear();
  if (listener_ >= 0) ::close(listener_);
  listener_ = -1;
}

const std::string& RoleEndpoint::Answer(Time now) {
  if (now >= answer_until_) {
    answer_ = FormatClaims(sources_.claims());
    answer_until_ = std::chrono::steady_clock::now() + options_.fresh_for;
  }
  return answer_;
}

void RoleEndpoint::Accept(Time now) {
  while (listener_ >= 0 && callers_.size() < kMaxCallers) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    // Asking the programs may take its time: what is counted is the caller's own.
    const std::string& answer = Answer(now);
    callers_.push_back({fd, answer, std::chrono::steady_clock::now() + options_.call_time});
  }
}

bool RoleEndpoint::Serve(Caller& caller, Time now) {
  while (!caller.rest.empty()) {
    const ssize_t sent = ::send(caller.fd, caller.rest.data(), caller.rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      caller.rest.erase(0, static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    return !(sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) || now >= caller.until;
  }
  return true;
}

void RoleEndpoint::WaitForCallers() {
  std::vector<pollfd> fds{{wake_, POLLIN, 0}};
  // While there is no room the kernel's queue holds who comes.
  if (listener_ >= 0 && callers_.size() < kMaxCallers) fds.push_back({listener_, POLLIN, 0});
  for (const Caller& caller : callers_) fds.push_back({caller.fd, POLLOUT, 0});
  const auto now = std::chrono::steady_clock::now();
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_look_ - now);
  const auto longest = callers_.empty() ? options_.look : std::min(options_.look, options_.call_time / 4);
  ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp(wait, std::chrono::milliseconds(0), longest).count()));
}

}  // namespace podwright::roles
