#include "agent/host/real_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "core/digest.h"
#include "core/file.h"

namespace podwright::host {
namespace {

using Fd = FileHandle;

// Paths come from documents: absolute, without "." and "..", not a folder's name.
Status CheckPath(const std::string& path) {
  if (path.size() < 2 || path.front() != '/' || path.back() == '/' || path.find('\0') != std::string::npos ||
      (path + "/").find("/../") != std::string::npos || (path + "/").find("/./") != std::string::npos ||
      path.find("//") != std::string::npos) {
    return InvalidArgument("\"" + path + "\" is not an absolute, normalised path");
  }
  return Ok();
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// One name for each target: what a killed agent left behind is what the next try replaces.
std::string TemporaryName(const std::string& base) {
  return ".podwright-" + Sha256(base).Hex().substr(0, 16);
}

struct Target {
  Fd folder;
  std::string base;
};

// Whether only root (or who runs this program) can have put an entry into the folder.
bool Trusted(int folder) {
  struct stat info {};
  if (::fstat(folder, &info) != 0) return false;
  const bool ours = info.st_uid == 0 || info.st_uid == ::geteuid();
  return ours && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// Opens the folder, component by component. A link is followed only where root alone could have put
// it: a user who makes a link of its own ~/.ssh does not lead a root process elsewhere.
Result<Fd> OpenFolder(const std::string& root, const std::string& folder) {
  Fd at(::open((root + "/").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at.open()) return ErrnoError(errno, "open /");
  for (std::size_t begin = 1; begin < folder.size();) {
    const std::size_t end = std::min(folder.find('/', begin), folder.size());
    const std::string name = folder.substr(begin, end - begin);
    int next = ::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 && (errno == ELOOP || errno == ENOTDIR)) {
      if (!Trusted(at.get())) {
        return FailedPrecondition(folder.substr(0, end) + " is a link that a user could have made; it is not followed");
      }
      next = ::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (next < 0) return ErrnoError(errno, "open the folder " + folder.substr(0, end));
    at = Fd(next);
    begin = end + 1;
  }
  return at;
}

Result<Target> OpenParent(const std::string& root, const std::string& path) {
  PW_TRY(CheckPath(path));
  PW_ASSIGN(Fd folder, OpenFolder(root, ParentFolder(path)));
  return Target{std::move(folder), BaseName(path)};
}

Status ApplyAttributes(int fd, std::uint32_t uid, std::uint32_t gid, std::uint32_t mode, const std::string& path) {
  if (::fchown(fd, uid, gid) != 0) return ErrnoError(errno, "change the owner of " + path);
  if (::fchmod(fd, static_cast<mode_t>(mode & 07777U)) != 0) return ErrnoError(errno, "change the mode of " + path);
  return Ok();
}

}  // namespace

Result<std::optional<FileStat>> RealFiles::Stat(const std::string& path) {
  PW_TRY(CheckPath(path));
  struct stat info {};
  if (::lstat((root_ + path).c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileStat>();
    return ErrnoError(errno, "stat " + path);
  }
  FileStat found;
  found.type = S_ISREG(info.st_mode)   ? FileType::kFile
               : S_ISDIR(info.st_mode) ? FileType::kDirectory
               : S_ISLNK(info.st_mode) ? FileType::kSymlink
                                       : FileType::kOther;
  found.mode = info.st_mode & 07777U;
  found.owner = accounts_.UserName(info.st_uid);
  found.group = accounts_.GroupName(info.st_gid);
  found.size = info.st_size;
  found.stamp = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" + std::to_string(info.st_size) +
                ":" + std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + ":" +
                std::to_string(info.st_ctim.tv_sec) + "." + std::to_string(info.st_ctim.tv_nsec);
  return std::optional<FileStat>(found);
}

Result<std::string> RealFiles::Read(const std::string& path, std::size_t max) {
  PW_ASSIGN(const Target target, OpenParent(root_, path));
  // Non-blocking: opening a fifo must not wait for its writer.
  const Fd fd(::openat(target.folder.get(), target.base.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd.open()) {
    if (errno == ELOOP) return FailedPrecondition(path + " is a symbolic link");
    return ErrnoError(errno, "open " + path);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoError(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition(path + " is not a regular file");
  return ReadAll(fd.get(), path, max);
}

Status RealFiles::Write(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  PW_ASSIGN(const std::uint32_t uid, accounts_.UserId(attributes.owner));
  PW_ASSIGN(const std::uint32_t gid, accounts_.GroupId(attributes.group));
  PW_ASSIGN(const auto present, Stat(path));
  if (present && present->type != FileType::kFile) {
    return FailedPrecondition(path + (present->type == FileType::kSymlink
                                          ? " is a symbolic link; Podwright does not write through links"
                                          : " is there and is not a regular file"));
  }
  PW_ASSIGN(const Target target, OpenParent(root_, path));
  const std::string temporary = TemporaryName(target.base);
  ::unlinkat(target.folder.get(), temporary.c_str(), 0);
  const Status written = [&]() -> Status {
    const Fd fd(
        ::openat(target.folder.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.open()) return ErrnoError(errno, "create a file beside " + path);
    PW_TRY(WriteAll(fd.get(), content, path));
    PW_TRY(ApplyAttributes(fd.get(), uid, gid, attributes.mode, path));
    if (::fsync(fd.get()) != 0) return ErrnoError(errno, "fsync " + path);
    if (::renameat(target.folder.get(), temporary.c_str(), target.folder.get(), target.base.c_str()) != 0) {
      return ErrnoError(errno, "put " + path + " in place");
    }
    return Ok();
  }();
  if (!written.ok()) {
    ::unlinkat(target.folder.get(), temporary.c_str(), 0);
    return written;
  }
  if (::fsync(target.folder.get()) != 0) return ErrnoError(errno, "fsync the folder of " + path);
  return Ok();
}

Status RealFiles::SetAttributes(const std::string& path, const FileAttributes& attributes) {
  PW_ASSIGN(const std::uint32_t uid, accounts_.UserId(attributes.owner));
  PW_ASSIGN(const std::uint32_t gid, accounts_.GroupId(attributes.group));
  PW_ASSIGN(const Target target, OpenParent(root_, path));
  const Fd fd(::openat(target.folder.get(), target.base.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd.open()) {
    return errno == ELOOP ? FailedPrecondition(path + " is a symbolic link") : ErrnoError(errno, "open " + path);
  }
  return ApplyAttributes(fd.get(), uid, gid, attributes.mode, path);
}

Status RealFiles::Remove(const std::string& path) {
  PW_ASSIGN(const auto present, Stat(path));
  if (!present) return Ok();
  if (present->type != FileType::kFile && present->type != FileType::kSymlink) {
    return FailedPrecondition(path + " is not a regular file");
  }
  PW_ASSIGN(const Target target, OpenParent(root_, path));
  if (::unlinkat(target.folder.get(), target.base.c_str(), 0) != 0 && errno != ENOENT) {
    return ErrnoError(errno, "remove " + path);
  }
  if (::fsync(target.folder.get()) != 0) return ErrnoError(errno, "fsync the folder of " + path);
  return Ok();
}

Result<std::vector<std::string>> RealFiles::MakeFolders(const std::string& folder) {
  std::vector<std::string> missing;
  for (std::string at = folder; at != "/"; at = ParentFolder(at)) {
    PW_TRY(CheckPath(at));
    struct stat info {};
    if (::stat((root_ + at).c_str(), &info) == 0) {
      if (!S_ISDIR(info.st_mode)) return FailedPrecondition(at + " is not a folder");
      break;
    }
    if (errno != ENOENT) return ErrnoError(errno, "stat " + at);
    missing.insert(missing.begin(), at);
  }
  for (const std::string& at : missing) {
    if (::mkdir((root_ + at).c_str(), 0755) != 0 && errno != EEXIST) return ErrnoError(errno, "make the folder " + at);
    if (::chmod((root_ + at).c_str(), 0755) != 0) return ErrnoError(errno, "change the mode of " + at);
  }
  return missing;
}

Status RealFiles::EnsureFolder(const std::string& folder, const FileAttributes& attributes) {
  PW_ASSIGN(const std::uint32_t uid, accounts_.UserId(attributes.owner));
  PW_ASSIGN(const std::uint32_t gid, accounts_.GroupId(attributes.group));
  PW_ASSIGN(const Target target, OpenParent(root_, folder));
  if (::mkdirat(target.folder.get(), target.base.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoError(errno, "make the folder " + folder);
  }
  const Fd fd(::openat(target.folder.get(), target.base.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.open()) return ErrnoError(errno, "open the folder " + folder);
  return ApplyAttributes(fd.get(), uid, gid, attributes.mode, folder);
}

Status RealFiles::RemoveEmptyFolder(const std::string& folder) {
  PW_TRY(CheckPath(folder));
  if (::rmdir((root_ + folder).c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT &&
      errno != ENOTDIR) {
    return ErrnoError(errno, "remove the folder " + folder);
  }
  return Ok();
}

Status RealFiles::RemoveTree(const std::string& folder) {
  PW_TRY(CheckPath(folder));
  std::error_code failure;
  std::filesystem::remove_all(root_ + folder, failure);
  if (failure) return ErrnoError(failure.value(), "remove the folder " + folder);
  return Ok();
}

}  // namespace podwright::host
