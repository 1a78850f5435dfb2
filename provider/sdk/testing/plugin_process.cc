#include "provider/sdk/testing/plugin_process.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>
#include <vector>

namespace podwright::sdk::testing {
namespace {

constexpr char kCookie[] = "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

Result<pid_t> Spawn(const std::string& binary, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string path = binary;
  std::string cookie = kCookie;
  std::string versions = "PLUGIN_PROTOCOL_VERSIONS=5,6";
  std::array<char*, 2> argv{path.data(), nullptr};
  std::array<char*, 3> env{cookie.data(), versions.data(), nullptr};
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return ErrnoError(failed, "start " + binary);
  return pid;
}

Result<std::string> ReadLine(int fd) {
  std::string line;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (line.empty() || line.back() != '\n') {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) < 0) break;
    std::array<char, 256> buffer{};
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) break;
    line.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (line.empty() || line.back() != '\n') return Unavailable("the provider made no handshake");
  return line;
}

// "1|6|unix|/path|grpc|": the path.
Result<std::string> SocketOf(const std::string& line) {
  constexpr std::string_view kHead = "1|6|unix|";
  if (!line.starts_with(kHead)) return InvalidArgument("a strange handshake: " + line);
  const std::size_t end = line.find('|', kHead.size());
  return line.substr(kHead.size(), end - kHead.size());
}

}  // namespace

Result<std::unique_ptr<PluginProcess>> PluginProcess::Start(const std::string& binary) {
  std::unique_ptr<PluginProcess> process(new PluginProcess);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return ErrnoError(errno, "pipe");
  process->output_ = pipe[0];
  const auto start = std::chrono::steady_clock::now();
  const Result<pid_t> pid = Spawn(binary, pipe[1]);
  ::close(pipe[1]);
  if (!pid.ok()) return pid.error();
  process->pid_ = *pid;
  PW_ASSIGN(const std::string line, ReadLine(process->output_));
  process->handshake_ = std::chrono::steady_clock::now() - start;
  PW_ASSIGN(const std::string socket, SocketOf(line));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  process->stub_ = tfplugin6::Provider::NewStub(
      grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments));
  return process;
}

PluginProcess::~PluginProcess() {
  stub_.reset();
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
}

std::int64_t PluginProcess::ResidentBytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  file >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

bool PluginProcess::running() const {
  return ::waitpid(pid_, nullptr, WNOHANG) == 0;
}

}  // namespace podwright::sdk::testing
