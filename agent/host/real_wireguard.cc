#include "agent/host/real_wireguard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <sstream>
#include <thread>

#include "agent/host/programs.h"

namespace podwright::host {
namespace {

constexpr std::chrono::milliseconds kHandshakePoll{15};
constexpr std::uint16_t kDiscardPort = 9;

std::vector<std::string> Split(const std::string& line, char by) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, by);) out.push_back(part);
  return out;
}

std::int64_t Number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string WithoutNewline(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

// The first line is the interface's: private key, public key, port, mark. Then one a peer: public key, preshared key,
// endpoint, allowed ips, latest handshake, received, sent, keepalive.
Result<WireguardDevice> ParseWgDump(const std::string& dump) {
  std::istringstream lines(dump);
  std::string line;
  if (!std::getline(lines, line)) return Internal("wg told nothing of the interface");
  const std::vector<std::string> own = Split(line, '\t');
  if (own.size() < 4) return Internal("wg answered what is not understood");
  WireguardDevice device;
  device.public_key = own[1];
  device.port = Number(own[2]);
  while (std::getline(lines, line)) {
    const std::vector<std::string> parts = Split(line, '\t');
    if (parts.size() < 8) return Internal("wg answered what is not understood");
    WireguardPeer& peer = device.peers[parts[0]];
    if (parts[3] != "(none)") {
      for (const std::string& ip : Split(parts[3], ',')) peer.allowed_ips.insert(ip);
    }
    peer.latest_handshake_unix = Number(parts[4]);
  }
  return device;
}

Result<std::optional<WireguardDevice>> WgTool::Show(const std::string& interface) {
  const ProcessRequest request = Program({"wg", "show", interface, "dump"});
  const auto result = RunProcess(request);
  if (!result.ok()) {
    if (result.error().code() == ErrorCode::kNotFound) return std::optional<WireguardDevice>();
    return result.error();
  }
  if (result->Succeeded() && !result->truncated) {
    PW_ASSIGN(WireguardDevice device, ParseWgDump(result->out));
    return std::optional<WireguardDevice>(std::move(device));
  }
  const auto says = [&](const char* text) { return result->err.find(text) != std::string::npos; };
  // The second: an interface that is there and is none of WireGuard's, or whose program has died.
  if (says("No such device") || says("Operation not supported") || says("Protocol not supported")) {
    return std::optional<WireguardDevice>();
  }
  return ProcessFailure(request, *result);
}

Status WgTool::SyncConf(const std::string& interface, const std::string& configuration) {
  ProcessRequest request = Program({"wg", "syncconf", interface, "/dev/stdin"});
  request.env["WG_ENDPOINT_RESOLUTION_RETRIES"] = "1";
  request.stdin_bytes = configuration;
  const auto result = RunForOutput(request);
  if (!result.ok()) return result.error();
  return Ok();
}

Result<std::string> WgTool::GenerateKey() {
  PW_ASSIGN(std::string key, RunForOutput(Program({"wg", "genkey"})));
  return WithoutNewline(std::move(key));
}

Result<std::string> WgTool::PublicKey(const std::string& private_key) {
  ProcessRequest request = Program({"wg", "pubkey"});
  request.stdin_bytes = private_key + "\n";
  PW_ASSIGN(std::string key, RunForOutput(request));
  return WithoutNewline(std::move(key));
}

Result<bool> WgTool::AwaitHandshake(const std::string& interface, const std::string& public_key,
                                    std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    PW_ASSIGN(const auto device, Show(interface));
    if (device) {
      const auto peer = device->peers.find(public_key);
      if (peer != device->peers.end() && peer->second.latest_handshake_unix != 0) return true;
    }
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kHandshakePoll);
  }
}

void WgTool::Nudge(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    sockaddr_in6 v6{};
    sockaddr_in v4{};
    const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
    if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) continue;
    v4.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    v4.sin_port = v6.sin6_port = htons(kDiscardPort);
    const auto* to = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
    const int fd = ::socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    // It may be lost: the next packet of anybody does the same.
    [[maybe_unused]] const ssize_t sent = ::sendto(fd, "", 0, 0, to, is_v4 ? sizeof v4 : sizeof v6);
    ::close(fd);
  }
}

}  // namespace podwright::host
