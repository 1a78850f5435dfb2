#include "reconciler/daemon/daemon.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

#include "core/log.h"
#include "core/version.h"
#include "kinds/registry.h"
#include "reconciler/api/agent_directory.h"
#include "reconciler/api/agents_service.h"
#include "reconciler/api/authenticator.h"
#include "reconciler/api/call_counter.h"
#include "reconciler/api/control_service.h"
#include "reconciler/api/enrolment.h"
#include "reconciler/api/grpc_server.h"
#include "reconciler/api/refusals.h"
#include "reconciler/api/session_manager.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/daemon/bootstrap.h"
#include "reconciler/daemon/first_start.h"
#include "reconciler/daemon/https_server.h"
#include "reconciler/daemon/metrics.h"
#include "reconciler/daemon/network.h"
#include "reconciler/daemon/server_identity.h"
#include "reconciler/daemon/state.h"
#include "reconciler/forge/curl_transport.h"
#include "reconciler/forge/forges.h"
#include "reconciler/git/child_fetcher.h"
#include "reconciler/git/serial_fetcher.h"
#include "reconciler/planner/kind_planner.h"
#include "reconciler/previews/page.h"
#include "reconciler/previews/previews.h"
#include "reconciler/sources/sources.h"

namespace podwright::daemon {
namespace {

constexpr std::chrono::milliseconds kApiPatience{2000};
constexpr std::chrono::milliseconds kAgentsPatience{500};
constexpr std::chrono::seconds kHousekeeping{30};
constexpr int kMostApiThreads = 192;

std::string AgentBinary(const Settings& settings) {
  if (!settings.agent_binary.empty()) return std::filesystem::absolute(settings.agent_binary).string();
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "podwright-agent").string();
}

// The child that fetches is this program again, also after its file was replaced by a newer one's.
constexpr char kSelf[] = "/proc/self/exe";

// Where the servers find us.
std::string AdvertisedHost(const Settings& settings, const State& state) {
  if (settings.agents_advertise) return settings.agents_advertise->host;
  if (!IsWildcard(settings.agents_listen.host)) return settings.agents_listen.host;
  if (!state.lab_address.empty()) return state.lab_address;
  const std::vector<std::string> addresses = HostAddresses();
  return addresses.empty() ? "127.0.0.1" : addresses.front();
}

crypto::SubjectNames CertificateNames(const Settings& settings, const State& state, const std::string& advertised) {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1", advertised, state.lab_address};
  for (const Address& listen : {settings.api_listen, settings.https_listen, settings.agents_listen}) {
    hosts.push_back(listen.host);
  }
  hosts.insert(hosts.end(), settings.tls_names.begin(), settings.tls_names.end());
  return NamesOf(hosts);
}

Result<std::string> RootsPem(ca::CertificateAuthority& authority) {
  PW_ASSIGN(const std::vector<ca::RootInfo> roots, authority.Roots());
  std::string pem;
  for (const ca::RootInfo& root : roots) pem += root.certificate_pem;
  return pem;
}

}  // namespace

class Daemon::Impl {
 public:
  Impl(const Settings& settings, std::unique_ptr<State> state)
      : settings_(settings),
        state_(std::move(state)),
        planners_(planner::AllPlanners()),
        directory_(*state_->store),
        refusals_(*state_->audit, state_->clock),
        authenticator_(*state_->tokens, refusals_),
        sessions_(state_->clock, {}),
        desk_({*state_->authority, *state_->enrolment, *state_->audit, directory_, refusals_, state_->clock,
               state_->random}),
        bootstrap_({*state_->enrolment, *state_->audit, *state_->authority, directory_, sessions_},
                   AgentBinary(settings)),
        agents_service_(desk_, sessions_, calls_),
        fetcher_(kSelf, std::filesystem::path(settings.data_dir) / "git" / "scratch") {}
  ~Impl() { Stop(); }

  Status Start() {
    advertised_host_ = AdvertisedHost(settings_, *state_);
    PW_ASSIGN(identity_, ServerIdentity::Open(*state_->authority, state_->clock,
                                              CertificateNames(settings_, *state_, advertised_host_),
                                              std::filesystem::path(settings_.data_dir) / "tls"));
    control::Options options;
    options.installation = state_->installation;
    options.runs_kept = settings_.runs_kept;
    options.events_kept = settings_.events_kept;
    options.store_history_kept = settings_.history_kept;
    PW_ASSIGN(control_, control::ControlPlane::Open(
                            {*state_->store, state_->clock, state_->random, kinds::AllKinds(), planners_,
                             *state_->secrets, *state_->audit, sessions_, directory_, bootstrap_, state_->Clouds()},
                            options));
    sessions_.Start(*control_);
    PW_TRY(StartAgents());
    control_->Start();
    const std::filesystem::path mirrors = std::filesystem::path(settings_.data_dir) / "git" / "mirrors";
    previews::Options preview_options;
    preview_options.public_url = settings_.public_url;
    previews_ = std::make_unique<previews::Previews>(
        previews::Dependencies{*state_->store, state_->clock, state_->random, kinds::AllKinds(), *control_,
                               serial_fetcher_, mirrors,
                               [this](forge::ForgeSettings open) { return forges_.Open(std::move(open)); }},
        preview_options);
    sources_ = std::make_unique<sources::Sources>(sources::Dependencies{
        *state_->store, state_->clock, state_->random, kinds::AllKinds(), *control_, serial_fetcher_, mirrors,
        [this](const control::ObjectId& source) { previews_->Ask(source); }});
    PW_TRY(StartApi());
    PW_TRY(StartHttps());
    sources_->Start();
    previews_->Start();
    PW_TRY(WriteContext());
    housekeeping_ = std::thread([this] { KeepHouse(); });
    return Ok();
  }

  void Stop() {
    if (stopped_.exchange(true)) return;
    ready_ = false;
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    if (housekeeping_.joinable()) housekeeping_.join();
    fetcher_.Stop();
    forges_.Stop();
    transport_.Stop();
    if (service_) service_->Stop();
    if (api_) api_->Stop(kApiPatience);
    if (control_) control_->Stop();
    if (previews_) previews_->Stop();
    if (sources_) sources_->Stop();
    sessions_.Stop();
    if (agents_) agents_->Stop(kAgentsPatience);
    if (https_) https_->Stop();
  }

  int api_port() const { return api_->port(); }
  int https_port() const { return https_->port(); }
  int agents_port() const { return agents_->port(); }
  const std::string& new_context() const { return new_context_; }

 private:
  api::ListenerOptions Listener(const Address& listen) const {
    api::ListenerOptions options;
    options.address = listen.Text();
    options.key_file = identity_->KeyFile();
    options.chain_file = identity_->ChainFile();
    return options;
  }

  Status StartAgents() {
    api::ListenerOptions options = Listener(settings_.agents_listen);
    options.ask_for_certificate = true;
    options.max_request_bytes = 32 << 20;
    PW_ASSIGN(agents_, api::GrpcServer::Start(options, agents_service_));
    Address advertised{advertised_host_, agents_->port()};
    if (settings_.agents_advertise && settings_.agents_advertise->port != 0) {
      advertised.port = settings_.agents_advertise->port;
    }
    advertised_ = advertised.Text();
    bootstrap_.SetAddresses({advertised_, agents_->port()});
    return Ok();
  }

  Status StartApi() {
    service_ = std::make_unique<api::ControlService>(
        api::ServiceDependencies{*control_, kinds::AllKinds(), state_->clock, *state_->tokens, *state_->enrolment,
                                 *state_->audit, *state_->authority, directory_, sessions_, authenticator_, calls_,
                                 [this](const std::string& workspace, const std::string& server, bool terminal) {
                                   return state_->MachineShell(workspace, server, terminal);
                                 },
                                 state_->installation, advertised_, sources_.get(), previews_.get()});
    api::ListenerOptions options = Listener(settings_.api_listen);
    options.max_threads = kMostApiThreads;
    PW_ASSIGN(api_, api::GrpcServer::Start(options, *service_));
    return Ok();
  }

  Status StartHttps() {
    PW_ASSIGN(
        https_,
        HttpsServer::Start(
            settings_.https_listen, *identity_,
            {.ready = [this] { return Ready(); },
             .metrics =
                 [this] {
                   return MetricsText({*control_, sessions_, calls_, Ready().ok(), sources_.get()});
                 },
             .webhook = [this](const std::string& workspace, const std::string& name,
                               const sources::WebhookCall& call) -> Status {
               PW_TRY(sources_->Webhook(workspace, name, call));
               previews_->Wake(workspace, name);
               return Ok();
             },
             .preview = [this](const std::string& workspace, const std::string& source, std::uint64_t number,
                               const std::string& token) { return previews_->Page(workspace, source, number, token); },
             .preview_policy = previews::kPagePolicy}));
    ready_ = true;
    return Ok();
  }

  Status Ready() {
    if (!ready_) return Unavailable("podwrightd is stopping");
    PW_TRY(state_->store->Healthy());
    return control_->Healthy();
  }

  Status WriteContext() {
    PW_ASSIGN(const std::string roots, RootsPem(*state_->authority));
    const std::string host = IsWildcard(settings_.api_listen.host) ? "127.0.0.1" : settings_.api_listen.host;
    PW_ASSIGN(new_context_, WriteAdminContext(*state_->store, *state_->tokens, *state_->audit,
                                              {.context_file = settings_.context_file,
                                               .endpoint = Address{host, api_->port()}.Text(),
                                               .ca_pem = roots,
                                               .installation = state_->installation}));
    return Ok();
  }

  void KeepHouse() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      changed_.wait_for(lock, kHousekeeping, [this] { return ending_; });
      if (ending_) return;
      lock.unlock();
      const Status renewed = identity_->RenewIfDue();
      if (!renewed.ok())
        log::Error("the listeners' certificate cannot be renewed", {{"error", renewed.error().ToString()}});
      lock.lock();
    }
  }

  const Settings settings_;
  const std::unique_ptr<State> state_;
  const planner::KindPlanners planners_;
  api::CallCounter calls_;
  api::AgentDirectory directory_;
  api::Refusals refusals_;
  api::Authenticator authenticator_;
  std::unique_ptr<control::ControlPlane> control_;  // before the sessions, which speak to it to their end
  api::SessionManager sessions_;
  api::EnrolmentDesk desk_;
  Bootstrap bootstrap_;
  std::string advertised_host_;
  std::string advertised_;
  std::string new_context_;
  std::unique_ptr<ServerIdentity> identity_;
  api::AgentsService agents_service_;
  git::ChildFetcher fetcher_;
  git::SerialFetcher serial_fetcher_{fetcher_};
  forge::CurlTransport transport_;
  forge::Forges forges_{state_->clock, transport_};
  std::unique_ptr<previews::Previews> previews_;  // before the sources, which ask it
  std::unique_ptr<sources::Sources> sources_;
  std::unique_ptr<api::ControlService> service_;
  std::unique_ptr<api::GrpcServer> agents_;
  std::unique_ptr<api::GrpcServer> api_;
  std::unique_ptr<HttpsServer> https_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopped_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;  // protected by mutex_
  std::thread housekeeping_;
};

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::Start(const Settings& settings) {
  PW_ASSIGN(std::unique_ptr<State> state, State::Open(settings));
  auto impl = std::make_unique<Impl>(settings, std::move(state));
  PW_TRY(impl->Start());
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

void Daemon::Stop() {
  impl_->Stop();
}
int Daemon::api_port() const {
  return impl_->api_port();
}
int Daemon::https_port() const {
  return impl_->https_port();
}
int Daemon::agents_port() const {
  return impl_->agents_port();
}
const std::string& Daemon::new_context() const {
  return impl_->new_context();
}

Status DestroyLab(const Settings& settings) {
  std::error_code error;
  if (!std::filesystem::exists(settings.data_dir, error)) return Ok();
  SystemClock clock;
  PW_ASSIGN(const std::unique_ptr<store::SqliteStore> store,
            store::SqliteStore::Open({.folder = settings.data_dir, .max_bytes = 0, .vfs = ""}, clock));
  const Result<std::string> installation = KnownInstallationId(*store);
  if (!installation.ok() && installation.error().code() == ErrorCode::kNotFound) return Ok();
  PW_TRY(installation);
  PW_ASSIGN(const std::unique_ptr<clouds::LabCloud> lab, OpenLab(settings, *installation));
  return lab->DestroyAll({});
}

}  // namespace podwright::daemon
