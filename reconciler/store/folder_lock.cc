#include "reconciler/store/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <string>

namespace podwright::store {

namespace {

// Only digits are believed: the text lands in an error message.
std::string HolderPid(int fd) {
  char text[32];
  const ssize_t n = pread(fd, text, sizeof text, 0);
  std::string pid;
  for (ssize_t i = 0; i < n && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i) pid += text[i];
  return pid;
}

Status WritePid(int fd, const std::string& path) {
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0) return ErrnoError(errno, "truncate " + path);
  if (pwrite(fd, text.data(), text.size(), 0) < 0) return ErrnoError(errno, "write " + path);
  return Ok();
}

}  // namespace

Result<std::unique_ptr<FolderLock>> FolderLock::Take(const std::filesystem::path& folder) {
  const std::string path = (folder / "LOCK").string();
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  std::unique_ptr<FolderLock> lock(new FolderLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoError(errno, "lock " + path);
    const std::string pid = HolderPid(fd);
    return FailedPrecondition("the data folder " + folder.string() + " is in use by " +
                              (pid.empty() ? "another process" : "the process with pid " + pid));
  }
  PW_TRY(WritePid(fd, path));
  return lock;
}

FolderLock::~FolderLock() {
  close(fd_);
}

}  // namespace podwright::store
