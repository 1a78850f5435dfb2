#include "agent/program.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <thread>

#include "agent/drivers/registry.h"
#include "agent/engine/engine.h"
#include "agent/host/change_watcher.h"
#include "agent/host/real_host.h"
#include "agent/journal/journal.h"
#include "agent/roles/role_endpoint.h"
#include "agent/session/enrolment.h"
#include "agent/session/identity.h"
#include "agent/session/session.h"
#include "core/crypto/keys.h"
#include "core/crypto/seal.h"
#include "core/log.h"
#include "core/log_keys.h"

namespace podwright::agent {
namespace {

namespace key = log::key;

// Two agents on one journal would tear it.
class FolderLock {
 public:
  static Result<FolderLock> Take(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "make " + folder);
    const int fd = ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return ErrnoError(errno, "open " + folder + "/lock");
    FolderLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return FailedPrecondition("another podwright-agent runs on " + folder);
    return lock;
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// True when a stop was asked for within the time.
bool StopAsked(std::chrono::milliseconds wait) {
  const sigset_t signals = StopSignals();
  timespec time{};
  time.tv_sec = static_cast<std::time_t>(wait.count() / 1000);
  time.tv_nsec = static_cast<long>(wait.count() % 1000) * 1'000'000;
  return ::sigtimedwait(&signals, nullptr, &time) > 0;
}

constexpr std::chrono::seconds kRefusedWait{60};

// The identity, once there is one: enrols with the token's file, again while the control plane is away,
// and more seldom when it refuses. Nothing when a stop was asked for.
Result<std::optional<v1::AgentIdentity>> AwaitIdentity(const ProgramOptions& options) {
  bool told = false;
  for (;;) {
    PW_ASSIGN(auto identity, LoadIdentity(options.state_folder));
    if (identity) return identity;
    std::chrono::milliseconds wait{3000};
    const bool there = ::access(options.token_file.c_str(), F_OK) == 0;
    if (!there && !told) {
      log::Warn("the server is not enrolled: waiting for a token", {{key::kPath, options.token_file}});
      told = true;
    }
    if (there) {
      told = false;
      const auto token = ReadPrivateFile(options.token_file);
      const Status enrolled = token.ok()
                                  ? EnrolServer(options.state_folder, *token, options.version, EnrolAgain::kRefused)
                                  : Status(token.error());
      if (enrolled.ok()) {
        PW_TRY(ShredFile(options.token_file));
        continue;
      }
      log::Warn("the server cannot be enrolled", {{key::kError, enrolled.error().ToString()}});
      // The file stays: who stands between must not be able to make the agent throw its token away.
      if (enrolled.error().retry() != Retry::kBackoff) wait = kRefusedWait;
    }
    if (StopAsked(wait)) return std::optional<v1::AgentIdentity>();
  }
}

drivers::SecretOpener MakeOpener(const v1::AgentIdentity& identity) {
  return [pem = identity.sealing_private_key(), workspace = identity.workspace()](
             const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) -> Status {
    PW_ASSIGN(const auto private_key, crypto::PrivateKey::FromPem(pem));
    const std::string data = workspace + "/" + sealed.name() + "/" + std::to_string(sealed.version()) +
                             (sealed.key().empty() ? "" : "/" + sealed.key());
    PW_ASSIGN(const auto value, crypto::Open(private_key, sealed.sealed(), data));
    return use(value.Reveal());
  };
}

// Steps the engine until `stop`; sleeps while nothing of the server changes.
void Work(Engine& engine, host::ChangeWatcher& watcher, const std::atomic<bool>& stop) {
  constexpr std::chrono::minutes kWatchAgain{1};
  std::set<std::string> watched;
  SteadyTime again{};
  while (!stop) {
    const auto wait = engine.Step();
    const auto watches = engine.Watch();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (watches.folders != watched || now >= again) {
      watched = watches.folders;
      watcher.Watch(watched);
      again = now + kWatchAgain;
    }
    if (!stop && watcher.Wait(wait)) engine.NoteChange();
  }
}

}  // namespace

Status EnrolServer(const std::string& state_folder, const std::string& token, const std::string& version,
                   EnrolAgain again) {
  if (::mkdir(state_folder.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "make " + state_folder);
  PW_ASSIGN(const auto present, LoadIdentity(state_folder));
  if (present && again == EnrolAgain::kRefused) {
    return Error(ErrorCode::kAlreadyExists, "this server is enrolled as " + present->server() + " already");
  }
  SystemClock clock;
  std::string text = token;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  PW_ASSIGN(const v1::AgentIdentity identity, Enrol(text, state_folder, version, clock));
  log::Info("the server is enrolled", {{key::kServer, identity.server()},
                                       {key::kWorkspace, identity.workspace()},
                                       {key::kAddress, identity.address()}});
  return Ok();
}

Status RunAgent(const ProgramOptions& options) {
  const sigset_t signals = StopSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: they inherit it
  ::signal(SIGPIPE, SIG_IGN);
  PW_ASSIGN(const FolderLock lock, FolderLock::Take(options.state_folder));
  PW_ASSIGN(const auto identity, AwaitIdentity(options));
  if (!identity) return Ok();

  SystemClock clock;
  SystemRandom random;
  host::RealHost host;
  PW_ASSIGN(const auto journal, Journal::Open(options.state_folder));
  host::ChangeWatcher watcher;
  drivers::Environment environment{host.View(),
                                   clock,
                                   MakeOpener(*identity),
                                   [folder = options.state_folder](std::chrono::milliseconds limit) {
                                     // The newest one: its roots follow the CA's rollover.
                                     const auto now = LoadIdentity(folder);
                                     return now.ok() && *now && AnswersAfresh(**now, limit);
                                   },
                                   identity->local_key(),
                                   options.state_folder,
                                   [&watcher] { watcher.Wake(); }};
  drivers::Registry drivers = drivers::MakeDrivers(environment);
  EngineOptions engine_options;
  engine_options.version = options.version;
  engine_options.server = identity->server();
  engine_options.state_folder = options.state_folder;
  Engine engine(engine_options, host.View(), drivers, *journal, clock);
  engine.SetWaker([&watcher] { watcher.Wake(); });
  SessionOptions session_options;
  session_options.state_folder = options.state_folder;
  Session session(session_options, *identity, engine, clock, random);

  std::atomic<bool> stop{false};
  std::thread worker([&] { Work(engine, watcher, stop); });
  std::thread talker([&] { session.Run(); });
  roles::RoleEndpoint endpoint({}, {[&engine] { return engine.ClaimsRoles(); }, [&engine] { return engine.Roles(); }});
  std::thread teller([&] { endpoint.Run(); });
  int signal = 0;
  ::sigwait(&signals, &signal);
  log::Info("stopping", {{key::kSignal, signal}});
  stop = true;
  watcher.Wake();
  session.Stop();
  endpoint.Stop();
  talker.join();
  teller.join();
  worker.join();
  return Ok();
}

}  // namespace podwright::agent
