#include "agent/engine/host_pause.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "core/file.h"

namespace podwright::agent {
namespace {

constexpr char kName[] = "/host-pause";

std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text.substr(0, 500);
}

}  // namespace

Status WriteHostPause(const std::string& folder, const HostPause& pause) {
  const std::string text =
      std::to_string(pause.until_unix_ms) + "\n" + OneLine(pause.reason) + "\n" + OneLine(pause.by) + "\n";
  return ReplaceFile(folder + kName, text, 0600);
}

Status RemoveHostPause(const std::string& folder) {
  if (::unlink((folder + kName).c_str()) != 0 && errno != ENOENT) return ErrnoError(errno, "remove the pause");
  return Ok();
}

Result<std::optional<HostPause>> ReadHostPause(const std::string& folder) {
  const std::string path = folder + kName;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) return std::optional<HostPause>();
    return ErrnoError(errno, "open " + path);
  }
  struct stat info {};
  std::array<char, 2048> buffer{};
  const bool known = ::fstat(fd, &info) == 0;
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (!known || size < 0 || !S_ISREG(info.st_mode)) return Internal("cannot read " + path);
  if ((info.st_uid != 0 && info.st_uid != ::geteuid()) || (info.st_mode & 0077U) != 0) {
    return PermissionDenied(path + " could have been written by others: it is ignored");
  }
  const std::string text(buffer.data(), static_cast<std::size_t>(size));
  HostPause pause;
  const auto first = text.find('\n');
  const auto second = text.find('\n', first + 1);
  if (first == std::string::npos || second == std::string::npos) return InvalidArgument(path + " is not a pause");
  const auto [stop, error] = std::from_chars(text.data(), text.data() + first, pause.until_unix_ms);
  if (error != std::errc() || stop != text.data() + first) return InvalidArgument(path + " is not a pause");
  pause.reason = text.substr(first + 1, second - first - 1);
  pause.by = text.substr(second + 1, text.find('\n', second + 1) - second - 1);
  return std::optional<HostPause>(pause);
}

}  // namespace podwright::agent
