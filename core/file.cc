#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace podwright {

void FileHandle::Close() {
  if (fd_ < 0) return;
  const int before = errno;
  ::close(std::exchange(fd_, -1));
  errno = before;
}

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "write " + path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok();
}

Status WriteSynced(int fd, std::string_view content, const std::string& path) {
  PW_TRY(WriteAll(fd, content, path));
  if (::fsync(fd) != 0) return ErrnoError(errno, "sync " + path);
  return Ok();
}

Result<std::string> ReadAll(int fd, const std::string& path, std::size_t max_bytes) {
  std::string content;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "read " + path);
    if (n == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(n));
    if (content.size() > max_bytes) {
      return ResourceExhausted(path + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

Status SyncFolderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.open()) return ErrnoError(errno, "open " + folder);
  if (::fsync(handle.get()) != 0) return ErrnoError(errno, "sync " + folder);
  return Ok();
}

Status ReplaceFile(const std::string& path, std::string_view content, mode_t mode) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  FileHandle file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.open()) return ErrnoError(errno, "create " + fresh);
  Status done = Ok();
  if (::fchmod(file.get(), mode) != 0) done = ErrnoError(errno, "set the mode of " + fresh);
  if (done.ok()) done = WriteSynced(file.get(), content, fresh);
  file.Close();
  if (done.ok() && ::rename(fresh.c_str(), path.c_str()) != 0) done = ErrnoError(errno, "put " + path + " in place");
  if (!done.ok()) {
    ::unlink(fresh.c_str());
    return done;
  }
  return SyncFolderOf(path);
}

}  // namespace podwright
