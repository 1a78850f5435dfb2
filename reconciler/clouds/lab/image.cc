#include "reconciler/clouds/lab/image.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/file.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using Strings = std::vector<std::string>;

constexpr seconds kBuildLimit{1200};
constexpr seconds kImportLimit{180};

// Held while it lives; the kernel lets go of it when the process dies.
class FileLock {
 public:
  static Result<FileLock> Acquire(const std::string& path, const CallOptions& options) {
    FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0) return ErrnoError(errno, "open " + path);
    const SteadyTime give_up = options.deadline.value_or(steady_clock::now() + kBuildLimit);
    while (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return ErrnoError(errno, "lock " + path);
      if (options.cancel.stop_requested()) return Cancelled("cancelled while another build of the lab's image ran");
      if (steady_clock::now() >= give_up) return DeadlineExceeded("another build of the lab's image did not end");
      ::poll(nullptr, 0, 50);
    }
    return lock;
  }
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

std::int64_t MillisSince(SteadyTime start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start).count();
}

// In a mount and a process namespace: all of it ends with the program.
Strings Isolated(const Strings& more) {
  Strings argv = {"unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child"};
  argv.insert(argv.end(), more.begin(), more.end());
  return argv;
}

Status PlaceFiles(const Recipe& recipe, const std::string& root) {
  for (const auto& file : recipe.files) {
    const std::filesystem::path path = root + file.path;
    PW_TRY(MakeFolder(path.parent_path().string(), 0755));
    PW_TRY(ReplaceFile(path.string(), file.content, file.mode));
  }
  return Ok();
}

}  // namespace

Status ImageStore::Build(const Recipe& recipe, const std::string& work, const std::string& archive,
                         const CallOptions& options) const {
  const std::string root = work + "/root";
  PW_TRY(MakeFolder(root, 0755));
  std::string packages;
  for (const auto& package : recipe.packages) packages += (packages.empty() ? "" : ",") + package;
  ToolInput input;
  if (!recipe.proxy.empty()) input.env = {{"http_proxy", recipe.proxy}, {"https_proxy", recipe.proxy}};
  const Strings bootstrap = {"--mount-proc",
                             "debootstrap",
                             "--variant=minbase",
                             "--arch=" + recipe.arch,
                             "--keyring=" + recipe.keyring,
                             "--include=" + packages,
                             recipe.suite,
                             root,
                             recipe.mirror};
  PW_TRY(RunTool(Isolated(bootstrap), options, kBuildLimit, input));
  PW_TRY(PlaceFiles(recipe, root));
  input.stdin_bytes = kFinishScript;
  const Strings finish = {"--mount-proc", "--root=" + root, "/bin/sh", "-eu"};
  PW_TRY(RunTool(Isolated(finish), options, kBuildLimit, std::move(input)));
  PW_TRY(
      RunTool({"tar", "--create", "--numeric-owner", "--xattrs", "--directory=" + root, "--file=" + work + "/tar", "."},
              options, kImportLimit));
  if (::rename((work + "/tar").c_str(), archive.c_str()) != 0) return ErrnoError(errno, "rename to " + archive);
  return Ok();
}

Status ImageStore::RemoveOld(const Recipe& recipe) const {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool old_archive = name.starts_with(recipe.name + "-" + recipe.arch + "-") && name.ends_with(".tar");
    if (old_archive || name.starts_with("build-")) PW_TRY(RemoveTree(it->path().string()));
  }
  return Ok();
}

Result<std::string> ImageStore::EnsureArchive(const Recipe& recipe, const CallOptions& options) const {
  PW_TRY(MakeFolder(folder_, 0755));
  const std::string stem = folder_ + "/" + recipe.name + "-" + recipe.arch + "-";
  const std::string archive = stem + recipe.Version() + ".tar";
  PW_ASSIGN(const FileLock lock, FileLock::Acquire(folder_ + "/lock", options));
  if (std::filesystem::exists(archive)) return archive;
  PW_TRY(RemoveOld(recipe));
  log::Info("building the lab's image", {{log::key::kName, recipe.name}, {log::key::kPath, archive}});
  const SteadyTime start = steady_clock::now();
  const std::string work = folder_ + "/build-" + recipe.Version();
  const Status built = Build(recipe, work, archive, options);
  const Status removed = RemoveTree(work);
  if (!built.ok()) return built.error().Wrap("cannot build the lab's image " + recipe.name);
  PW_TRY(removed);
  log::Info("built the lab's image", {{log::key::kName, recipe.name}, {log::key::kDuration, MillisSince(start)}});
  return archive;
}

Result<std::string> ImageStore::Ensure(const Recipe& recipe, const CallOptions& options) const {
  const std::string reference = "localhost/podwright-lab:" + recipe.name + "-" + recipe.Version();
  PW_ASSIGN(const std::string known,
            podman_.Run({"images", "--filter=reference=" + reference, "--format={{.ID}}"}, options));
  if (!known.empty()) return reference;
  PW_ASSIGN(const std::string archive, EnsureArchive(recipe, options));
  const SteadyTime start = steady_clock::now();
  PW_TRY(podman_.Import(archive, reference, options));
  log::Info("imported the lab's image", {{log::key::kName, recipe.name}, {log::key::kDuration, MillisSince(start)}});
  return reference;
}

}  // namespace podwright::clouds::lab
