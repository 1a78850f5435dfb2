#include "core/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/file.h"

extern char** environ;

namespace podwright {
namespace {

using Fd = FileHandle;

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return ErrnoError(errno, "pipe2");
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

void SetNonBlocking(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

struct FileActions {
  posix_spawn_file_actions_t value{};
  FileActions() { posix_spawn_file_actions_init(&value); }
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};

struct Attributes {
  posix_spawnattr_t value{};
  Attributes() { posix_spawnattr_init(&value); }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

std::vector<std::string> MakeEnvironment(const ProcessRequest& request) {
  std::map<std::string, std::string> all = request.env;
  if (request.base_environment == BaseEnvironment::kInherited) {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      const std::string_view text(*entry);
      const auto equals = text.find('=');
      if (equals == std::string_view::npos) continue;
      all.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  std::vector<std::string> lines;
  lines.reserve(all.size());
  for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (auto& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// A descriptor that dup2 would map onto itself keeps its close-on-exec flag, so none may be 0, 1, 2.
Result<Fd> AboveStandard(Fd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) return ErrnoError(errno, "fcntl");
  return Fd(moved);
}

// One running child: its pipes, its exit, and what it wrote.
class Child {
 public:
  static Result<Child> Spawn(const ProcessRequest& request);
  ProcessResult Finish(const ProcessRequest& request);

 private:
  void Kill(int signal) const { ::kill(-pid_, signal); }
  void WriteStdin(const std::string& bytes);
  // False at the end of the stream.
  static bool Drain(Fd& fd, std::string& into, std::size_t limit, bool& truncated);
  void Wait(const ProcessRequest& request, const Fd& wake, ProcessResult& result);
  int Reap() const;

  pid_t pid_ = -1;
  Fd pid_fd_;
  Fd stdin_;
  Fd stdout_;
  Fd stderr_;
  std::size_t written_ = 0;
};

Result<Child> Child::Spawn(const ProcessRequest& request) {
  if (request.argv.empty() || request.argv[0].empty()) return InvalidArgument("no program to run");
  Child child;
  PW_ASSIGN(Pipe in, MakePipe());
  PW_ASSIGN(Pipe out, MakePipe());
  PW_ASSIGN(Pipe err, MakePipe());
  PW_ASSIGN(const Fd child_in, AboveStandard(std::move(in.read)));
  PW_ASSIGN(const Fd child_out, AboveStandard(std::move(out.write)));
  PW_ASSIGN(const Fd child_err, AboveStandard(std::move(err.write)));

  FileActions actions;
  posix_spawn_file_actions_adddup2(&actions.value, child_in.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, child_out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, child_err.get(), STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions.value, STDERR_FILENO + 1);
  if (!request.cwd.empty()) posix_spawn_file_actions_addchdir_np(&actions.value, request.cwd.c_str());

  Attributes attributes;
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes.value, &all);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setpgroup(&attributes.value, 0);
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

  std::vector<std::string> argv = request.argv;
  std::vector<std::string> env = MakeEnvironment(request);
  const int failed = posix_spawnp(&child.pid_, argv[0].c_str(), &actions.value, &attributes.value,
                                  Pointers(argv).data(), Pointers(env).data());
  if (failed != 0) return ErrnoError(failed, "cannot run " + argv[0]);

  child.stdin_ = std::move(in.write);
  child.stdout_ = std::move(out.read);
  child.stderr_ = std::move(err.read);
  child.pid_fd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
  if (!child.pid_fd_.open()) {
    const int reason = errno;
    child.Kill(SIGKILL);
    child.Reap();
    return ErrnoError(reason, "pidfd_open");
  }
  SetNonBlocking(child.stdin_);
  SetNonBlocking(child.stdout_);
  SetNonBlocking(child.stderr_);
  return child;
}

void Child::WriteStdin(const std::string& bytes) {
  while (written_ < bytes.size()) {
    const ssize_t n = ::write(stdin_.get(), bytes.data() + written_, bytes.size() - written_);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return;
      break;  // the child closed its end: it wants no more
    }
    written_ += static_cast<std::size_t>(n);
  }
  stdin_.Close();
}

bool Child::Drain(Fd& fd, std::string& into, std::size_t limit, bool& truncated) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;
    const std::size_t kept = std::min(limit - into.size(), static_cast<std::size_t>(n));
    into.append(buffer.data(), kept);
    if (kept < static_cast<std::size_t>(n)) truncated = true;
  }
}

int Child::Reap() const {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int PollTimeout(SteadyTime until) {
  if (until == SteadyTime::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

void Child::Wait(const ProcessRequest& request, const Fd& wake, ProcessResult& result) {
  SteadyTime until = request.deadline.value_or(SteadyTime::max());
  bool stopping = false;
  for (;;) {
    std::array<pollfd, 5> fds{{{pid_fd_.get(), POLLIN, 0},
                               {stdout_.get(), POLLIN, 0},
                               {stderr_.get(), POLLIN, 0},
                               {stdin_.get(), POLLOUT, 0},
                               {stopping ? -1 : wake.get(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), PollTimeout(until)) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0 && !Drain(stdout_, result.out, request.max_output, result.truncated)) stdout_.Close();
    if (fds[2].revents != 0 && !Drain(stderr_, result.err, request.max_output, result.truncated)) stderr_.Close();
    if (fds[3].revents != 0) WriteStdin(request.stdin_bytes);
    if (fds[0].revents != 0) return;

    const bool late = std::chrono::steady_clock::now() >= until;
    const bool asked = !stopping && request.cancel.stop_requested();
    if (!late && !asked) continue;
    if (stopping) {
      Kill(SIGKILL);
      until = SteadyTime::max();
      continue;
    }
    (asked ? result.cancelled : result.timed_out) = true;
    stopping = true;
    Kill(request.grace.count() > 0 ? SIGTERM : SIGKILL);
    until = std::chrono::steady_clock::now() + request.grace;
  }
}

ProcessResult Child::Finish(const ProcessRequest& request) {
  ProcessResult result;
  const Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  {
    const std::stop_callback on_stop(request.cancel, [&wake] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t ignored = ::write(wake.get(), &one, sizeof one);
    });
    if (request.stdin_bytes.empty()) stdin_.Close();
    Wait(request, wake, result);
  }
  // The leader may be gone while others of a stopped group go on. It is not reaped yet, so the
  // group's number cannot have been given to anyone else.
  if (result.timed_out || result.cancelled) Kill(SIGKILL);
  // All that the child wrote is in the pipes now; a daemon that holds them open is not waited for.
  if (stdout_.open()) Drain(stdout_, result.out, request.max_output, result.truncated);
  if (stderr_.open()) Drain(stderr_, result.err, request.max_output, result.truncated);
  result.exit_code = Reap();
  return result;
}

// SIGPIPE would end the whole program when a child closes its stdin early.
class IgnoreSigpipe {
 public:
  IgnoreSigpipe() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &before_);
  }
  ~IgnoreSigpipe() {
    if (!was_pending_) {
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      const timespec now{};
      sigtimedwait(&pipe, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  IgnoreSigpipe(const IgnoreSigpipe&) = delete;
  IgnoreSigpipe& operator=(const IgnoreSigpipe&) = delete;

 private:
  sigset_t before_{};
  bool was_pending_ = false;
};

std::string LastLines(std::string_view text) {
  constexpr std::size_t kMax = 2000;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.size() <= kMax) return std::string(text);
  return "…" + std::string(text.substr(text.size() - kMax));
}

}  // namespace

Result<ProcessResult> RunProcess(const ProcessRequest& request) {
  if (request.cancel.stop_requested()) return Cancelled("cancelled before the program was started");
  const IgnoreSigpipe guard;
  PW_ASSIGN(Child child, Child::Spawn(request));
  return child.Finish(request);
}

Error ProcessFailure(const ProcessRequest& request, const ProcessResult& result) {
  const std::string program = request.argv.empty() ? std::string() : request.argv[0];
  if (result.cancelled) return Cancelled(program + " was cancelled");
  const std::string detail = LastLines(result.err.empty() ? result.out : result.err);
  const std::string tail = detail.empty() ? "" : ": " + detail;
  if (result.timed_out) return DeadlineExceeded(program + " did not end in time" + tail);
  if (result.exit_code == 0) return ResourceExhausted(program + " wrote more output than expected");
  return Error(ErrorCode::kInternal, program + " failed with exit code " + std::to_string(result.exit_code) + tail,
               Retry::kBackoff);
}

Result<std::string> RunForOutput(const ProcessRequest& request) {
  PW_ASSIGN(ProcessResult result, RunProcess(request));
  if (!result.Succeeded() || result.truncated) return ProcessFailure(request, result);
  return std::move(result.out);
}

}  // namespace podwright
