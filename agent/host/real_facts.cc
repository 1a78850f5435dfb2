#include "agent/host/real_facts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>
#include <vector>

#include "agent/host/programs.h"
#include "kinds/load_balancer/address_label.h"
#include "kinds/mesh/mesh_form.h"

namespace podwright::host {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string FirstWordWithDigits(const std::string& text) {
  const auto begin = text.find_first_of("0123456789");
  if (begin == std::string::npos) return "";
  const auto end = text.find_first_not_of("0123456789.", begin);
  return text.substr(begin, end == std::string::npos ? end : end - begin);
}

std::string VersionOf(std::vector<std::string> argv) {
  const auto output = RunForOutput(Program(std::move(argv)));
  return output.ok() ? FirstWordWithDigits(*output) : "";
}

std::string Writable(const char* path) {
  return ::access(path, W_OK) == 0 ? "true" : "false";
}

// How WireGuard can be had: of the kernel, or as a program over /dev/net/tun. Empty: not at all.
std::string ProbeWireguard() {
  constexpr char kProbe[] = "pw-probe";
  if (RunProgram({"ip", "link", "add", "dev", kProbe, "type", "wireguard"}).ok()) {
    static_cast<void>(RunProgram({"ip", "link", "delete", "dev", kProbe}).ok());
    return "kernel";
  }
  const int tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (tun < 0) return "";
  ifreq request{};
  std::strncpy(request.ifr_name, kProbe, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  const bool made = ::ioctl(tun, TUNSETIFF, &request) == 0;
  ::close(tun);
  return made ? "userspace" : "";
}

std::map<std::string, std::string> Probe() {
  std::map<std::string, std::string> found;
  found["sysctl.net"] = Writable("/proc/sys/net/ipv4/ip_forward");
  found["sysctl.all"] = Writable("/proc/sys/vm/swappiness");
  found["tun"] = Writable("/dev/net/tun");
  if (const std::string version = VersionOf({"systemctl", "--version"}); !version.empty()) found["systemd"] = version;
  // A program without the right to ask the kernel is of no use.
  if (RunProgram({"nft", "list", "tables"}).ok()) found["nftables"] = VersionOf({"nft", "--version"});
  if (const std::string wireguard = ProbeWireguard(); !wireguard.empty()) found["wireguard"] = wireguard;
  found["apt"] = ::access("/usr/bin/apt-get", X_OK) == 0 ? "true" : "false";
  if (const std::string container = FirstLine("/run/systemd/container"); !container.empty()) {
    found["container"] = container;
  }
  return found;
}

// What the kernel puts under a packet to `to`; nothing is sent.
std::string SourceTowards(int family, const char* to) {
  sockaddr_storage address{};
  socklen_t size = sizeof(sockaddr_in6);
  void* raw = nullptr;
  if (family == AF_INET) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    v4->sin_port = htons(9);
    raw = &v4->sin_addr;
    size = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    v6->sin6_port = htons(9);
    raw = &v6->sin6_addr;
  }
  address.ss_family = static_cast<sa_family_t>(family);
  ::inet_pton(family, to, raw);
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool known = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                     ::inet_ntop(family, raw, text.data(), text.size()) != nullptr;
  ::close(fd);
  return known ? text.data() : "";
}

bool LinkLocal(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return (ntohl(v4->sin_addr.s_addr) >> 16U) == 0xA9FE;
  }
  return IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// Of interfaces that are up; a label is the interface's name, or that and ":SOMETHING".
std::vector<std::pair<std::string, std::string>> LabelledAddresses() {
  std::vector<std::pair<std::string, std::string>> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_LOOPBACK) != 0 || (at->ifa_flags & IFF_UP) == 0) continue;
    const int family = at->ifa_addr->sa_family;
    if ((family != AF_INET && family != AF_INET6) || LinkLocal(at->ifa_addr)) continue;
    const void* raw = family == AF_INET
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr)
                          : &reinterpret_cast<const sockaddr_in6*>(at->ifa_addr)->sin6_addr;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(family, raw, text.data(), text.size()) != nullptr) found.emplace_back(at->ifa_name, text.data());
  }
  ::freeifaddrs(list);
  return found;
}

}  // namespace

std::string RealFacts::BootId() {
  return FirstLine("/proc/sys/kernel/random/boot_id");
}

std::string RealFacts::Hostname() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string RealFacts::OperatingSystem() {
  std::ifstream in("/etc/os-release");
  std::string id;
  std::string version;
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    std::string value = line.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (line.compare(0, equals, "ID") == 0) id = value;
    if (line.compare(0, equals, "VERSION_ID") == 0) version = value;
  }
  return version.empty() ? id : id + " " + version;
}

std::vector<std::string> RealFacts::Addresses() {
  std::set<std::string> found;
  for (const auto& [label, address] : LabelledAddresses()) {
    if (!label.starts_with(kinds::kMeshInterfacePrefix) && !label.ends_with(kinds::kSharedAddressLabel)) {
      found.insert(address);
    }
  }
  return {found.begin(), found.end()};
}

std::string RealFacts::InterfaceOf(const std::string& address) {
  for (const auto& [label, found] : LabelledAddresses()) {
    if (found == address) return label.substr(0, label.find(':'));
  }
  return "";
}

std::string RealFacts::Address() {
  // Addresses of documentation: no network has a way of its own to them.
  const std::string v4 = SourceTowards(AF_INET, "198.51.100.1");
  return v4.empty() ? SourceTowards(AF_INET6, "2001:db8::1") : v4;
}

std::map<std::string, std::string> RealFacts::Capabilities() {
  std::lock_guard lock(mutex_);
  if (!capabilities_) {
    capabilities_ = Probe();
    (*capabilities_)["os"] = OperatingSystem();
  }
  return *capabilities_;
}

std::map<std::string, double> RealFacts::Health() {
  std::map<std::string, double> health;
  double load = 0;
  if (::getloadavg(&load, 1) == 1) health["load1"] = load;
  std::ifstream memory("/proc/meminfo");
  for (std::string line; std::getline(memory, line);) {
    if (line.compare(0, 13, "MemAvailable:") == 0) {
      health["memory_available_bytes"] = std::strtod(line.c_str() + 13, nullptr) * 1024;
      break;
    }
  }
  struct statvfs disk {};
  if (::statvfs("/", &disk) == 0) {
    health["disk_free_bytes"] = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  }
  return health;
}

}  // namespace podwright::host
