#include "reconciler/control/engine.h"

#include "core/log.h"
#include "core/log_keys.h"
#include "reconciler/control/housekeeping.h"
#include "reconciler/control/secret_calls.h"
#include "reconciler/store/helpers.h"

namespace podwright::control {
namespace {

// The thread looks at the clock at least so often; everything else wakes it.
constexpr std::chrono::milliseconds kIdle{60'000};
// Certificates live for an hour at least: a minute is early enough.
constexpr std::chrono::minutes kRenewalInterval{1};
// Between two turns of housekeeping while there is more to cut: others get the lock.
constexpr std::chrono::milliseconds kBetweenTurns{200};

bool StartsWith(const std::string& key, std::string_view prefix) {
  return key.compare(0, prefix.size(), prefix) == 0;
}

// "run/<ws>/<id>" → {ws, id}.
std::pair<std::string, std::string> Split(const std::string& key) {
  const std::size_t first = key.find('/');
  const std::size_t second = key.find('/', first + 1);
  return {key.substr(first + 1, second - first - 1), key.substr(second + 1)};
}

}  // namespace

Engine::Engine(const Dependencies& dependencies, const Options& options)
    : core(dependencies, options),
      inbox([this] { WakeWorker(); }),
      desk(dependencies.link, dependencies.clock),
      secrets(core),
      machines(core, jobs, inbox),
      executor(core, desk, machines, secrets),
      agents(core, executor),
      background(core),
      apply(core, desk, secrets, [this] { return Ready(); }) {
  machines.OnOutcome([this](const RunId& run, std::size_t place, std::uint32_t attempt, v1::ActionOutcome outcome) {
    return executor.OnCloudOutcome(run, place, attempt, std::move(outcome));
  });
}

Status Engine::Open() {
  const std::lock_guard<std::mutex> lock(core.mutex);
  PW_TRY(RaiseEpoch());
  PW_TRY(RecoverStaged(core.deps.store, core.fence));
  PW_TRY(Load());
  core.Wake(kStrayWork);
  core.WakeAt(kHousekeepingWork, core.Steady() + core.options.housekeeping_interval);
  core.WakeAt(kRenewalWork, core.Steady() + kRenewalInterval);
  return Ok();
}

Status Engine::RaiseEpoch() {
  // Compared before it is written: two that start at the same time get two epochs, and the lower one's fence is gone.
  for (int attempt = 0; attempt < 10; ++attempt) {
    PW_ASSIGN(const auto kv, store::Get(core.deps.store, keys::kEpoch));
    std::uint64_t epoch = 0;
    for (const char c : kv ? kv->value : std::string()) {
      if (c < '0' || c > '9') return DataLoss("the epoch on record is damaged");
      epoch = epoch * 10 + static_cast<std::uint64_t>(c - '0');
    }
    store::Transaction transaction;
    transaction.compares.push_back(store::Compare::Unchanged(std::string(keys::kEpoch), kv ? kv->mod_revision : 0));
    transaction.success.push_back(store::Op::Put(std::string(keys::kEpoch), std::to_string(epoch + 1)));
    PW_ASSIGN(const auto result, core.deps.store.Commit(transaction));
    if (!result.succeeded) continue;
    core.epoch = epoch + 1;
    core.fence.epoch_revision = result.revision;
    return Ok();
  }
  return Unavailable("the epoch cannot be raised: other control planes are starting on this store");
}

Status Engine::Load() {
  executor.Forget();
  PW_TRY(ReloadFromStore(core));
  std::set<std::string> workspaces;
  for (const auto& [id, row] : core.tables.objects) workspaces.insert(id.workspace);
  for (const std::string& workspace : workspaces) PW_TRY(secrets.LoadVersions(workspace));
  background.LookAtAll();
  core.reload_needed = false;
  return Ok();
}

Status Engine::Ready() {
  if (!core.reload_needed) return Ok();
  PW_TRY(RecoverStaged(core.deps.store, core.fence));
  return Load();
}

void Engine::Start() {
  jobs.Start(core.options.cloud_threads);
  thread_ = std::thread([this] { Loop(); });
}

void Engine::Stop() {
  {
    const std::lock_guard<std::mutex> lock(wake_mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  desk.Stop();
  if (thread_.joinable()) thread_.join();
  jobs.Stop();
}

void Engine::Loop() {
  do {
    while (Step()) {
      const std::lock_guard<std::mutex> lock(wake_mutex_);
      if (stopped_) return;
    }
  } while (Rest());
}

bool Engine::Rest() {
  SteadyTime until = core.Steady() + kIdle;
  if (const std::optional<SteadyTime> due = NextDue()) until = std::min(until, *due);
  std::unique_lock<std::mutex> lock(wake_mutex_);
  while (!woken_ && !stopped_ && core.Steady() < until) core.deps.clock.WaitUntil(lock, changed_, until);
  woken_ = false;
  return !stopped_;
}

bool Engine::Step() {
  if (TakeFromInbox()) return true;
  if (jobs.RunOne()) return true;
  return TakeFromQueue();
}

void Engine::Note(const Status& status) {
  if (status.ok()) {
    if (!core.trouble) noted_.reset();
    return;
  }
  if (!noted_ || *noted_ != status.error().message()) {
    log::Error("the control plane cannot do its work", {{log::key::kError, status.error().ToString()}});
  }
  noted_ = status.error().message();
  core.trouble = status.error();
  core.WakeAt(kProbeWork, core.Steady() + core.options.backoff_first);
}

bool Engine::TakeFromInbox() {
  const std::lock_guard<std::mutex> lock(core.mutex);
  if (core.Steady() < inbox_rests_until_) return false;
  std::optional<Inbox::Item> item = inbox.Take();
  if (!item) return false;
  Status status = Ready();
  if (status.ok()) status = (*item)();
  Note(status);
  if (status.ok()) {
    inbox_failures_ = 0;
    return true;
  }
  inbox.PutBack(std::move(*item));
  inbox_rests_until_ =
      core.Steady() + BackoffAfter(++inbox_failures_, core.options.backoff_first, core.options.backoff_most);
  core.WakeAt(kInboxWork, inbox_rests_until_);
  return true;
}

bool Engine::TakeFromQueue() {
  const std::lock_guard<std::mutex> lock(core.mutex);
  const std::optional<std::string> key = core.queue.Take(core.Steady());
  if (!key) return false;
  Status status = Ready();
  if (status.ok()) status = Do(*key);
  Note(status);
  if (status.ok()) {
    core.queue.Forget(*key);
  } else {
    core.queue.Backoff(*key, core.Steady());
  }
  return true;
}

Status Engine::Do(const std::string& key) {
  if (key == kInboxWork) return Ok();
  if (key == kProbeWork) return Probe();
  if (key == kStrayWork) {
    machines.Sweep();
    core.WakeAt(kStrayWork, core.Steady() + core.options.stray_interval);
    return Ok();
  }
  if (key == kHousekeepingWork) {
    core.WakeAt(kHousekeepingWork, core.Steady() + core.options.housekeeping_interval);
    PW_ASSIGN(const Housekeeping kept, KeepHouse(core));
    if (kept == Housekeeping::kMore) core.WakeAt(kHousekeepingWork, core.Steady() + kBetweenTurns);
    return Ok();
  }
  if (key == kRenewalWork) {
    core.WakeAt(kRenewalWork, core.Steady() + kRenewalInterval);
    return RenewCertificates(*this);
  }
  if (StartsWith(key, "reconcile/")) return background.Reconcile(key.substr(10));
  const auto [workspace, name] = Split(key);
  if (StartsWith(key, "run/")) return executor.Advance({workspace, name});
  return agents.Tend({workspace, name});
}

// Whether writing works again, where nothing else would show it.
Status Engine::Probe() {
  if (!core.trouble) return Ok();
  Change change(core);
  change.Put(std::string(keys::kProbe), std::to_string(core.NowMillis()));
  const auto written = change.Commit();
  return written.ok() ? Ok() : Status(written.error());
}

std::optional<SteadyTime> Engine::NextDue() const {
  const std::lock_guard<std::mutex> lock(core.mutex);
  return core.queue.NextDue();
}

Status Engine::Healthy() const {
  {
    const std::lock_guard<std::mutex> lock(core.mutex);
    if (core.trouble) return *core.trouble;
  }
  return core.deps.store.Healthy();
}

}  // namespace podwright::control
