#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/host/real_machine.h"

namespace podwright::host {

Result<std::string> ProcSysctls::PathOf(const std::string& name) const {
  std::string path = name;
  if (name.empty() || name.front() == '.' || name.find("..") != std::string::npos ||
      name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    return InvalidArgument("\"" + name + "\" is not a kernel parameter");
  }
  std::replace(path.begin(), path.end(), '.', '/');
  return root_ + "/" + path;
}

Result<std::optional<std::string>> ProcSysctls::Get(const std::string& name) {
  PW_ASSIGN(const std::string path, PathOf(name));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return ErrnoError(errno, "read " + name);
  }
  std::array<char, 4096> buffer{};
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  const int reason = errno;
  ::close(fd);
  if (size < 0) return ErrnoError(reason, "read " + name);
  std::string value;
  for (const char c : std::string(buffer.data(), static_cast<std::size_t>(size))) {
    const char plain = c == '\t' || c == '\n' ? ' ' : c;
    if (plain != ' ' || (!value.empty() && value.back() != ' ')) value += plain;
  }
  while (!value.empty() && value.back() == ' ') value.pop_back();
  return std::optional<std::string>(value);
}

Status ProcSysctls::Set(const std::string& name, const std::string& value) {
  PW_ASSIGN(const std::string path, PathOf(name));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "set " + name);
  const ssize_t size = ::write(fd, value.data(), value.size());
  const int reason = errno;
  ::close(fd);
  if (size != static_cast<ssize_t>(value.size())) return ErrnoError(size < 0 ? reason : EIO, "set " + name);
  return Ok();
}

}  // namespace podwright::host
