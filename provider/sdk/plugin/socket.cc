#include "provider/sdk/plugin/socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>

namespace podwright::sdk::plugin {
namespace {

constexpr std::size_t kMaxPath = 107;

std::optional<gid_t> ParseNumber(std::string_view text) {
  gid_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<gid_t> LookUpGroup(const std::string& group, const std::string& group_file) {
  if (const auto number = ParseNumber(group)) return number;
  std::ifstream file(group_file);
  for (std::string line; std::getline(file, line);) {  // name:password:number:members
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    const std::size_t third = second == std::string::npos ? second : line.find(':', second + 1);
    if (third == std::string::npos || line.substr(0, first) != group) continue;
    return ParseNumber(std::string_view(line).substr(second + 1, third - second - 1));
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> ChooseSocketPath(const HostEnvironment& environment, Random& random) {
  const std::string name = "/plugin-" + random.Id(16);
  if (environment.socket_dir.size() + name.size() <= kMaxPath) return environment.socket_dir + name;
  if (environment.socket_dir_required) {
    return InvalidArgument("PLUGIN_UNIX_SOCKET_DIR is too long for a unix socket: " + environment.socket_dir);
  }
  return "/tmp" + name;
}

std::string SocketAddress(const std::string& path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string address = "unix:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      address += c;
    } else {
      address += '%';
      address += kHex[static_cast<unsigned char>(c) >> 4U];
      address += kHex[static_cast<unsigned char>(c) & 0xFU];
    }
  }
  return address;
}

Status ShareWithGroup(const std::string& path, const std::string& group, const std::string& group_file) {
  const std::optional<gid_t> number = LookUpGroup(group, group_file);
  if (!number) return NotFound("there is no group " + group + " in " + group_file);
  if (::chown(path.c_str(), static_cast<uid_t>(-1), *number) != 0) return ErrnoError(errno, "chown " + path);
  if (::chmod(path.c_str(), 0660) != 0) return ErrnoError(errno, "chmod " + path);
  return Ok();
}

}  // namespace podwright::sdk::plugin
