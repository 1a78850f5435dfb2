#include "reconciler/clouds/lab/podman.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <span>
#include <sstream>

#include "core/file.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {
namespace {

using std::chrono::seconds;
using Strings = std::vector<std::string>;

// Beyond podman's default set. SYS_ADMIN, because services of Debian are sandboxed by systemd with
// mounts of their own; NET_ADMIN and NET_RAW for nftables, WireGuard, addresses and ping; MKNOD for
// PrivateDevices; the others for sshd, ulimits and priorities in units, and debugging.
constexpr char kCapabilities[] = "NET_ADMIN,NET_RAW,SYS_ADMIN,SYS_NICE,SYS_PTRACE,SYS_RESOURCE,AUDIT_WRITE,MKNOD";

// Podman asks for a million of both by default; a host that limits its own processes refuses that.
std::string LimitArgument(const char* name, int resource, rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0 && limit.rlim_max != RLIM_INFINITY) {
    wanted = std::min(wanted, limit.rlim_max);
  }
  const std::string value = std::to_string(wanted);
  return std::string(name) + "=" + value + ":" + value;
}

bool HostRunsSystemd() {
  return std::filesystem::exists("/run/systemd/system");
}

// Folders of one name below every control group hierarchy of the host.
Strings CgroupFolders(const std::string& name) {
  Strings folders;
  std::error_code error;
  const std::string root = "/sys/fs/cgroup";
  const auto add = [&](const std::string& folder) {
    if (std::filesystem::is_directory(folder, error)) folders.push_back(folder);
  };
  add(root + "/" + name);
  for (std::filesystem::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error)) add(it->path().string() + "/" + name);
  }
  return folders;
}

// Made by podman and the runtimes outside of the folders that they are given, and made again by whoever needs them.
constexpr const char* kSharedFolders[] = {"/run/containers/networks", "/run/containers", "/run/crun", "/run/runc"};
constexpr const char* kCacheFolders[] = {"/var/lib/containers/cache", "/var/lib/containers"};

Strings Lines(const std::string& text) {
  Strings lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Those that are not there.
Strings Absent(std::span<const char* const> folders) {
  Strings absent;
  for (const char* folder : folders) {
    if (!std::filesystem::exists(folder)) absent.emplace_back(folder);
  }
  return absent;
}

// What is in use by others is not empty, and stays.
void RemoveEmptyFolders(const Strings& folders) {
  for (const std::string& folder : folders) ::rmdir(folder.c_str());
}

// A control group is removed like an empty folder, its children first. False while a process is in it.
bool RemoveCgroup(const std::string& folder) {
  std::error_code error;
  Strings folders = {folder};
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error)) folders.push_back(it->path().string());
  }
  bool removed = true;
  for (auto it = folders.rbegin(); it != folders.rend(); ++it) {
    if (::rmdir(it->c_str()) != 0 && errno != ENOENT) removed = false;
  }
  return removed;
}

}  // namespace

std::string Podman::CgroupParent() const {
  return cgroup_manager_ == "systemd" ? cgroup_ + ".slice" : "/" + cgroup_;
}

Status Podman::Configure(const std::string& runtime, const std::string& cgroup_manager) {
  cgroup_manager_ = cgroup_manager;
  std::string config =
      "# Written by Podwright; the lab's podman reads this file and no other.\n"
      "[containers]\nlog_driver = \"k8s-file\"\nlog_size_max = 1048576\n"
      "[engine]\nevents_logger = \"none\"\nlock_type = \"file\"\ncgroup_manager = \"" +
      cgroup_manager + "\"\n";
  if (!runtime.empty()) config += "runtime = \"" + runtime + "\"\n";
  PW_TRY(MakeFolder(folder_, 0700));
  PW_TRY(MakeFolder(RunFolder(), 0700));
  PW_TRY(RemoveTree(SpoolFolder()));
  PW_TRY(MakeFolder(SpoolFolder(), 0700));
  if (!std::filesystem::exists(AbsentBeforePath())) {
    std::string absent;
    for (const std::string& folder : Absent(kSharedFolders)) absent += folder + "\n";
    PW_TRY(ReplaceFile(AbsentBeforePath(), absent, 0600));
  }
  return ReplaceFile(ConfigPath(), config, 0600);
}

std::vector<std::string> Podman::Argv(const Strings& args) const {
  return Argv(args, SpoolFolder());
}

std::vector<std::string> Podman::Argv(const Strings& args, const std::string& spool) const {
  Strings argv = {"env",
                  "CONTAINERS_CONF=" + ConfigPath(),
                  "TMPDIR=" + spool,
                  program_,
                  "--root",
                  folder_ + "/storage",
                  "--runroot",
                  RunFolder() + "/run",
                  "--tmpdir",
                  RunFolder() + "/tmp",
                  "--network-config-dir",
                  folder_ + "/networks"};
  argv.insert(argv.end(), args.begin(), args.end());
  return argv;
}

Result<std::string> Podman::Run(const Strings& args, const CallOptions& options, seconds limit) const {
  auto result = RunTool(Argv(args), options, limit);
  if (!result.ok()) return result.error().Wrap("podman " + args[0]);
  return result;
}

// `podman cp -` writes what it reads to a file in TMPDIR and leaves it there (4.3), a server's token and all.
Status Podman::Unpack(std::string archive, const std::string& container, const CallOptions& options) const {
  std::string spool = SpoolFolder() + "/XXXXXX";
  if (::mkdtemp(spool.data()) == nullptr) return ErrnoError(errno, "make " + spool);
  const auto copied =
      RunTool(Argv({"cp", "-", container + ":/"}, spool), options, seconds(120), {std::move(archive), {}});
  Status removed = RemoveTree(spool);
  if (!copied.ok()) return copied.error().Wrap("podman cp");
  return removed;
}

std::vector<std::string> Podman::ServerArguments() const {
  return {"--systemd=always",
          "--cgroup-parent=" + CgroupParent(),
          "--cap-add=" + std::string(kCapabilities),
          "--device=/dev/net/tun",
          "--security-opt=label=disable",
          "--security-opt=apparmor=unconfined",
          "--ulimit=" + LimitArgument("nofile", RLIMIT_NOFILE, 524288),
          "--ulimit=" + LimitArgument("nproc", RLIMIT_NPROC, 16384),
          "--pids-limit=8192",
          "--shm-size=256m",
          "--no-hosts",
          "--no-healthcheck",
          "--pull=never"};
}

Result<Podman::Choice> Podman::Probe(const std::string& image, const CallOptions& options) {
  std::vector<Choice> candidates;
  Strings managers = {"cgroupfs"};
  if (HostRunsSystemd()) managers.insert(managers.begin(), "systemd");
  for (const auto& manager : managers) {
    for (const char* runtime : {"", "crun", "runc"}) candidates.push_back({runtime, manager});
  }
  std::string reasons;
  for (const auto& candidate : candidates) {
    PW_TRY(Configure(candidate.runtime, candidate.cgroup_manager));
    Strings args = {"run", "--rm", "--network=none", "--memory=64m"};
    const Strings server = ServerArguments();
    args.insert(args.end(), server.begin(), server.end());
    args.insert(args.end(), {image, "/bin/true"});
    const auto tried = Run(args, options);
    if (tried.ok()) return candidate;
    const ErrorCode code = tried.error().code();
    if (code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded) return tried.error();
    reasons += "\n  " + (candidate.runtime.empty() ? "the default runtime" : candidate.runtime) + " with " +
               candidate.cgroup_manager + ": " + tried.error().ToString();
  }
  return FailedPrecondition("no container runtime of this host can start a lab server:" + reasons);
}

Status Podman::ForgetRunningState() const {
  PW_TRY(UnmountBelow(RunFolder()));
  PW_TRY(RemoveTree(RunFolder()));
  return MakeFolder(RunFolder(), 0700);
}

// Processes that watch a container end shortly after it; the kernel frees a group a moment later.
Status Podman::WaitForCgroups() const {
  const auto give_up = std::chrono::steady_clock::now() + seconds(10);
  for (;;) {
    Strings folders = CgroupFolders(cgroup_);
    for (const auto& folder : CgroupFolders(cgroup_ + ".slice")) folders.push_back(folder);
    bool gone = true;
    for (const auto& folder : folders) gone = RemoveCgroup(folder) && gone;
    if (gone) return Ok();
    if (std::chrono::steady_clock::now() >= give_up) {
      return Unavailable("processes of the lab are still in control group " + cgroup_);
    }
    ::poll(nullptr, 0, 20);
  }
}

Status Podman::Import(const std::string& archive, const std::string& reference, const CallOptions& options) const {
  // Where podman's image library notes what it has seen, whatever --root says.
  const std::string cache = "/var/lib/containers/cache/blob-info-cache-v1.boltdb";
  const bool had_cache = std::filesystem::exists(cache);
  const Strings absent = Absent(kCacheFolders);
  const auto imported =
      Run({"import", "--quiet", "--change=CMD=[\"/sbin/init\"]", archive, reference}, options, seconds(300));
  if (!had_cache) {
    ::unlink(cache.c_str());
    RemoveEmptyFolders(absent);
  }
  PW_TRY(imported);
  return Ok();
}

Status Podman::DestroyAll(const CallOptions& options) {
  if (std::filesystem::exists(ConfigPath())) {
    PW_TRY(Run({"rm", "--all", "--force", "--volumes", "--time=0"}, options));
  }
  PW_TRY(WaitForCgroups());
  PW_TRY(UnmountBelow(RunFolder()));
  PW_TRY(RemoveTree(RunFolder()));
  const auto absent = ReadFile(AbsentBeforePath());
  if (absent.ok()) RemoveEmptyFolders(Lines(*absent));
  PW_TRY(UnmountBelow(folder_));
  return RemoveTree(folder_);
}

}  // namespace podwright::clouds::lab
