#include "provider/testing/tunnel.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace podwright::provider::testing {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

}  // namespace

Tunnel::Tunnel(int target_port) : target_port_(target_port), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) == 0 && ::listen(listener_, 8) == 0 && ::getsockname(listener_, any, &size) == 0) {
    port_ = ntohs(address.sin_port);
  }
  accepting_ = std::thread([this] { Accept(); });
}

Tunnel::~Tunnel() {
  Release();
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& pump : pumps_) pump.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

void Tunnel::HoldAnswers() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}

void Tunnel::Release() {
  {
    const std::lock_guard lock(mutex_);
    holding_ = false;
  }
  changed_.notify_all();
}

void Tunnel::Accept() {
  for (int client = ::accept(listener_, nullptr, nullptr); client >= 0;
       client = ::accept(listener_, nullptr, nullptr)) {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = Loopback(target_port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      ::close(server);
      ::close(client);
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      sockets_.push_back(client);
      sockets_.push_back(server);
    }
    pumps_.emplace_back([this, client, server] { Pump(client, server, false); });
    pumps_.emplace_back([this, client, server] { Pump(server, client, true); });
  }
}

void Tunnel::Pump(int from, int to, bool answers) {
  std::array<char, 16384> buffer{};
  for (ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0); got > 0;
       got = ::recv(from, buffer.data(), buffer.size(), 0)) {
    if (answers) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !holding_; });
    }
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t now = ::send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (now <= 0) return;
      sent += now;
    }
  }
  ::shutdown(to, SHUT_RDWR);
}

}  // namespace podwright::provider::testing
