#include "provider/sdk/serve.h"

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "provider/sdk/log_setup.h"
#include "provider/sdk/plugin/author_output.h"
#include "provider/sdk/plugin/certificate.h"
#include "provider/sdk/plugin/crash.h"
#include "provider/sdk/plugin/environment.h"
#include "provider/sdk/plugin/host_services.h"
#include "provider/sdk/plugin/library_log.h"
#include "provider/sdk/plugin/socket.h"
#include "provider/sdk/plugin/stdio_service.h"
#include "provider/sdk/plugin/stop_signal.h"
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk {
namespace {

using plugin::HostEnvironment;
using plugin::StopReason;
using plugin::StopSignal;

constexpr int kMaxReceiveBytes = 256 * 1024 * 1024;
constexpr std::chrono::milliseconds kGrace{1000};   // for calls that are under way
constexpr std::chrono::milliseconds kGiveUp{1800};  // the host kills after 2 s
constexpr char kHealthName[] = "plugin";

void ExplainByHand(const ServeOptions& options) {
  const std::string address = options.addresses.empty() ? "NAMESPACE/" + options.name : options.addresses.front();
  std::fprintf(stderr,
               "terraform-provider-%s %s is a plugin of OpenTofu and Terraform: they start it, people do not.\n\n"
               "To use it, name it in a configuration and run `tofu init` or `terraform init`:\n\n"
               "  terraform {\n    required_providers {\n      %s = { source = \"%s\" }\n    }\n  }\n\n"
               "To use this very file, put its folder into dev_overrides of the CLI's configuration file.\n"
               "To debug it, start it with -debug and set the variable that it prints.\n",
               options.name.c_str(), options.version.c_str(), options.name.c_str(), address.c_str());
}

bool Fail(const Error& error) {
  Log(LogLevel::kError, "the provider cannot start", {{"error", error.ToString()}});
  std::fprintf(stderr, "The provider cannot start: %s\n", error.ToString().c_str());
  return false;
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// One serving of one provider: the server, its socket and its services.
class Serving {
 public:
  Serving(Provider& provider, HostEnvironment environment, bool debug)
      : environment_(std::move(environment)), debug_(debug), service_(provider), controller_(!debug), stdio_(!debug) {}
  ~Serving() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Status Start() {
    SystemRandom random;
    PW_ASSIGN(path_, plugin::ChooseSocketPath(environment_, random));
    PW_ASSIGN(const auto credentials, Credentials());
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(plugin::SocketAddress(path_), credentials, &port);
    builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
    builder.SetMaxSendMessageSize(-1);
    builder.RegisterService(&service_);
    builder.RegisterService(&controller_);
    builder.RegisterService(&stdio_);
    builder.RegisterService(&broker_);
    const mode_t before = ::umask(0077);  // the socket is the user's alone
    server_ = builder.BuildAndStart();
    ::umask(before);
    if (server_ == nullptr || port == 0) return Internal("cannot listen on " + path_);
    plugin::RemoveSocketOnCrash(path_);
    server_->GetHealthCheckService()->SetServingStatus(kHealthName, true);
    if (!environment_.socket_group.empty()) PW_TRY(plugin::ShareWithGroup(path_, environment_.socket_group));
    if (debug_) return Ok();
    return output_.Start([this](std::string_view bytes) { stdio_.Send(bytes); });
  }

  void Stop() {
    service_.Cancel();
    output_.Stop();
    std::promise<void> done;
    std::future<void> finished = done.get_future();
    std::thread stopper([this, &done] {
      server_->Shutdown(std::chrono::system_clock::now() + kGrace);
      service_.CloseEphemerals();
      done.set_value();
    });
    if (finished.wait_for(kGiveUp) != std::future_status::ready) {
      // A call of the author's does not come back. Nothing is left to be saved by waiting.
      ::unlink(path_.c_str());
      std::_Exit(0);
    }
    stopper.join();
  }

  const std::string& path() const { return path_; }
  const std::string& cert_der() const { return certificate_.cert_der; }

 private:
  Result<std::shared_ptr<grpc::ServerCredentials>> Credentials() {
    if (environment_.client_cert.empty()) return grpc::InsecureServerCredentials();
    PW_ASSIGN(certificate_, plugin::MakeCertificate());
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = environment_.client_cert;
    options.pem_key_cert_pairs.push_back({certificate_.key_pem, certificate_.cert_pem});
    return grpc::SslServerCredentials(options);
  }

  HostEnvironment environment_;
  const bool debug_;
  std::string path_;
  plugin::Certificate certificate_;
  server::ProviderService service_;
  plugin::ControllerService controller_;
  plugin::StdioService stdio_;
  plugin::BrokerService broker_;
  plugin::AuthorOutput output_;  // into stdio_
  std::unique_ptr<grpc::Server> server_;
};

bool Announce(const Serving& serving, const HostEnvironment& environment, const ServeOptions& options, bool debug) {
  if (!debug) {
    return WriteAll(plugin::AuthorOutput::HostStdout(),
                    plugin::HandshakeLine(environment, serving.path(), serving.cert_der()));
  }
  const std::string json = plugin::ReattachJson(options.addresses, ::getpid(), serving.path());
  return WriteAll(STDOUT_FILENO,
                  "Serving for a debugger. In the shell of tofu or terraform:\n\n\tTF_REATTACH_PROVIDERS='" + json +
                      "'\n\nEnd with Ctrl-C.\n");
}

bool Run(Provider& provider, const ServeOptions& options, HostEnvironment environment, bool debug) {
  if (debug) {
    plugin::AuthorOutput::GiveBack();
    environment.client_cert.clear();
  } else if (const Status versions = plugin::CheckVersions(environment); !versions.ok()) {
    return Fail(versions.error());
  }
  StopSignal& stop = StopSignal::Instance();
  stop.HandleSignal(SIGTERM, StopReason::kTerminated);
  if (debug) {
    stop.HandleSignal(SIGINT, StopReason::kTerminated);
  } else {
    // Ctrl-C reaches the whole process group; the host then says what is to be done.
    ::signal(SIGINT, SIG_IGN);
    stop.WatchParent();
  }
  Serving serving(provider, environment, debug);
  if (const Status started = serving.Start(); !started.ok()) return Fail(started.error());
  if (!Announce(serving, environment, options, debug)) return false;  // nobody listens
  const StopReason reason = stop.Wait();
  Log(LogLevel::kDebug, "the provider ends", {{"reason", plugin::ReasonText(reason)}});
  serving.Stop();
  return true;
}

}  // namespace

int Serve(Provider& provider, const ServeOptions& options, int argc, char** argv) {
  const auto getenv = [](const char* name) -> const char* { return std::getenv(name); };
  bool debug = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    debug = debug || argument == "-debug" || argument == "--debug";
  }
  HostEnvironment environment = HostEnvironment::Read(getenv);
  if (!environment.started_by_host && !debug) {
    ExplainByHand(options);
    return 1;
  }
  plugin::InstallCrashReport("terraform-provider-" + options.name + " " + options.version);
  ::signal(SIGPIPE, SIG_IGN);
  InitLog("provider." + options.name, LogLevelFromEnvironment(options.name, getenv));
  plugin::RouteLibraryLogs();
  return Run(provider, options, std::move(environment), debug) ? 0 : 1;
}

}  // namespace podwright::sdk
