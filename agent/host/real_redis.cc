#include "agent/host/real_redis.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <thread>

#include "agent/host/resp.h"

namespace podwright::host {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

Error NobodyThere(const RedisTarget& target, const std::string& why) {
  return Unavailable("Redis at " + target.address + " port " + std::to_string(target.port) + ": " + why);
}

class Connection {
 public:
  explicit Connection(const RedisTarget& target)
      : target_(target), deadline_(std::chrono::steady_clock::now() + target.limit) {}
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Status Open() {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(target_.address.c_str(), std::to_string(target_.port).c_str(), &hints, &found) != 0) {
      return InvalidArgument("\"" + target_.address + "\" is no address");
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return ErrnoError(errno, "make a socket");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, found->ai_addr, found->ai_addrlen) == 0) return Ok();
    if (errno != EINPROGRESS) return NobodyThere(target_, ErrnoError(errno, "connect").message());
    PW_TRY(Await(POLLOUT));
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) return NobodyThere(target_, ErrnoError(failure, "connect").message());
    return Ok();
  }

  Status Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EINTR) {
        PW_TRY(Await(POLLOUT));
      } else {
        return NobodyThere(target_, ErrnoError(errno, "send").message());
      }
    }
    return Ok();
  }

  Result<RedisReply> Receive() {
    std::array<char, 16384> part{};
    for (;;) {
      PW_ASSIGN(auto parsed, ParseReply(received_));
      if (parsed) {
        received_.erase(0, parsed->size);
        return std::move(parsed->reply);
      }
      const ssize_t size = ::recv(socket_, part.data(), part.size(), 0);
      if (size > 0) {
        received_.append(part.data(), static_cast<std::size_t>(size));
      } else if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        PW_TRY(Await(POLLIN));
      } else {
        return NobodyThere(target_, "the connection was closed");
      }
    }
  }

 private:
  Status Await(short events) {
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
      pollfd one{socket_, events, 0};
      const int ready = left <= 0 ? 0 : ::poll(&one, 1, static_cast<int>(left));
      if (ready > 0) return Ok();
      if (ready == 0) return NobodyThere(target_, "no answer within " + std::to_string(target_.limit.count()) + " ms");
      if (errno != EINTR) return ErrnoError(errno, "wait for Redis");
    }
  }

  const RedisTarget& target_;
  Deadline deadline_;
  int socket_ = -1;
  std::string received_;
};

// The first word only: arguments may be secret.
Error Refused(const RedisCommand& command, const RedisReply& reply) {
  return FailedPrecondition("Redis refuses " + command.front() + ": " + reply.text);
}

}  // namespace

Result<std::vector<RedisReply>> TcpRedis::Run(const RedisTarget& target, const std::vector<RedisCommand>& commands) {
  Connection connection(target);
  PW_TRY(connection.Open());
  if (!target.user.empty()) {
    std::string login = EncodeCommand({"AUTH", target.user, std::string(target.password)});
    const Status sent = connection.Send(login);
    volatile char* at = login.data();
    for (std::size_t i = 0; i < login.size(); ++i) at[i] = 0;
    PW_TRY(sent);
    PW_ASSIGN(const RedisReply answer, connection.Receive());
    if (answer.type == RedisReply::Type::kError) return Refused({"AUTH"}, answer);
  }
  std::vector<RedisReply> replies;
  for (const RedisCommand& command : commands) {
    PW_TRY(connection.Send(EncodeCommand(command)));
    PW_ASSIGN(RedisReply reply, connection.Receive());
    if (reply.type == RedisReply::Type::kError) return Refused(command, reply);
    replies.push_back(std::move(reply));
  }
  return replies;
}

void TcpRedis::Wait(std::chrono::milliseconds span) {
  std::this_thread::sleep_for(span);
}

}  // namespace podwright::host
