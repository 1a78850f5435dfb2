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

struct Spawned {
  pid_t pid = -1;
  int output = -1;  // its stdout
};

Result<Spawned> Spawn(const std::string& binary, const PluginEnvironment& environment) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return ErrnoError(errno, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, environment.stderr_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::string path = binary;
  std::vector<std::string> variables = environment.more;
  variables.push_back("TF_PLUGIN_MAGIC_COOKIE=" + environment.cookie);
  variables.push_back("PLUGIN_PROTOCOL_VERSIONS=" + environment.versions);
  std::vector<char*> env;
  for (std::string& variable : variables) env.push_back(variable.data());
  env.push_back(nullptr);
  std::array<char*, 2> argv{path.data(), nullptr};
  Spawned spawned{.output = pipe[0]};
  const int failed = ::posix_spawn(&spawned.pid, path.c_str(), &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  if (failed == 0) return spawned;
  ::close(pipe[0]);
  return ErrnoError(failed, "start " + binary);
}

// A line, or all there is where it ends without one.
std::string ReadLine(int fd) {
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
  return line;
}

// "1|6|unix|/path|grpc|": the path.
Result<std::string> SocketOf(const std::string& line) {
  constexpr std::string_view kHead = "1|6|unix|";
  if (line.empty() || line.back() != '\n') return Unavailable("the provider made no handshake");
  if (!line.starts_with(kHead)) return InvalidArgument("a strange handshake: " + line);
  const std::size_t end = line.find('|', kHead.size());
  return line.substr(kHead.size(), end - kHead.size());
}

}  // namespace

Result<PluginEnd> RunPlugin(const std::string& binary, const PluginEnvironment& environment) {
  PW_ASSIGN(const Spawned spawned, Spawn(binary, environment));
  PluginEnd end{.output = ReadLine(spawned.output)};
  if (!end.output.empty()) ::kill(spawned.pid, SIGTERM);  // it serves
  int status = 0;
  ::waitpid(spawned.pid, &status, 0);
  ::close(spawned.output);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

Result<std::unique_ptr<PluginProcess>> PluginProcess::Start(const std::string& binary,
                                                            const PluginEnvironment& environment) {
  std::unique_ptr<PluginProcess> process(new PluginProcess);
  const auto start = std::chrono::steady_clock::now();
  PW_ASSIGN(const Spawned spawned, Spawn(binary, environment));
  process->pid_ = spawned.pid;
  process->output_ = spawned.output;
  const std::string line = ReadLine(process->output_);
  process->handshake_ = std::chrono::steady_clock::now() - start;
  PW_ASSIGN(const std::string socket, SocketOf(line));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  process->channel_ = grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
  process->stub_ = tfplugin6::Provider::NewStub(process->channel_);
  return process;
}

PluginProcess::~PluginProcess() {
  stub_.reset();
  channel_.reset();
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
