// The program `podwrightd`.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "core/fault.h"
#include "core/log.h"
#include "core/version.h"
#include "reconciler/api/grpc_server.h"
#include "reconciler/daemon/daemon.h"
#include "reconciler/daemon/notify.h"
#include "reconciler/daemon/settings.h"
#include "reconciler/git/child_fetcher.h"

namespace podwright::daemon {
namespace {

// An end that takes longer than this is cut off: the journal makes it safe at any moment.
constexpr std::chrono::seconds kLongestStop{9};

std::optional<std::string> Variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Status MakeReadyFile(const std::string& path) {
  if (path.empty()) return Ok();
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoError(errno, "create the ready file " + path);
  close(fd);
  return Ok();
}

void Tell(const char* state) {
  const Status told = Notify(Variable("NOTIFY_SOCKET").value_or(""), state);
  if (!told.ok()) log::Warn("the service manager cannot be told", {{"error", told.error().ToString()}});
}

Status Serve(const Settings& settings, const sigset_t& signals) {
  PW_ASSIGN(const std::unique_ptr<Daemon> daemon, Daemon::Start(settings));
  log::Info("podwrightd is ready", {{"version", kVersion},
                                    {"api_port", daemon->api_port()},
                                    {"https_port", daemon->https_port()},
                                    {"agents_port", daemon->agents_port()}});
  if (!daemon->new_context().empty()) {
    log::Info("wrote the administrator's context for the CLI",
              {{"context", daemon->new_context()}, {"file", settings.context_file}});
  }
  PW_TRY(MakeReadyFile(settings.ready_file));
  Tell("READY=1");
  int number = 0;
  sigwait(&signals, &number);
  log::Info("podwrightd stops", {{"signal", number}});
  Tell("STOPPING=1");
  if (!settings.ready_file.empty()) unlink(settings.ready_file.c_str());
  std::thread([] {
    std::this_thread::sleep_for(kLongestStop);
    log::Warn("the stop takes too long and is cut off");
    _exit(0);
  }).detach();
  daemon->Stop();
  return Ok();
}

int Fail(const Error& error) {
  std::cerr << "podwrightd: " << error.ToString() << "\n";
  return 1;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Podwright's control plane. Started without anything it serves this host; every setting has a flag, an\n"
      "environment variable, and a key in the YAML file of --config. Flags win over the environment over the file.",
      "podwrightd");
  app.set_version_flag("--version", kVersion);
  FlagValues flags;
  for (const SettingHelp& setting : AllSettings()) {
    app.add_option_function<std::string>(
        "--" + setting.name,
        [&flags, name = setting.name](const std::string& value) { flags.emplace_back(name, value); },
        setting.help + " [" + setting.variable + "]");
  }
  app.fallthrough();
  const CLI::App* destroy =
      app.add_subcommand("destroy-lab", "Take away all lab machines of the data folder, then end");
  const CLI::App* points = app.add_subcommand("fault-points", "List the places where a test can end this program");
  const CLI::App* fetch = app.add_subcommand("git-fetch", "")->group("");
  CLI11_PARSE(app, argc, argv);
  if (fetch->parsed()) return git::FetchChild();
  if (points->parsed()) {
    std::cout << fault::PointsOf(fault::Program::kControlPlane);
    return 0;
  }

  const Result<Settings> settings = ResolveSettings(flags, {geteuid() == 0, &Variable});
  if (!settings.ok()) return Fail(settings.error());
  log::Init(settings->log_level, settings->log_format);
  fault::Init();
  api::RouteGrpcLogs();
  std::signal(SIGPIPE, SIG_IGN);
  // Before any thread, so that all inherit it and only Serve takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const Status status = destroy->parsed() ? DestroyLab(*settings) : Serve(*settings, signals);
  if (!status.ok()) return Fail(status.error());
  // gRPC's own threads are left to the system.
  std::cout.flush();
  _exit(0);
}

}  // namespace
}  // namespace podwright::daemon

int main(int argc, char** argv) {
  return podwright::daemon::Main(argc, argv);
}
