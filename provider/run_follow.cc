#include "provider/run_follow.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "provider/sdk/log.h"

namespace podwright::provider {

namespace {

std::string Where(const v1::Action& action) {
  return action.server().empty() ? action.object().kind() + "/" + action.object().name() : action.server();
}

std::string FailureText(const v1::Run& run) {
  std::string text = run.error();
  for (const v1::ActionRecord& record : run.actions()) {
    if (record.state() != v1::ACTION_STATE_FAILED) continue;
    if (!text.empty()) text += "\n";
    text += Where(record.action()) + ": " + record.action().summary() + ": " + record.outcome().error();
  }
  std::string undone;
  for (const v1::ActionRecord& record : run.actions()) {
    if (record.state() == v1::ACTION_STATE_COMPENSATED) undone += "\n  taken back: " + record.action().summary();
  }
  return text + undone;
}

std::string_view StateName(v1::ActionState state) {
  switch (state) {
    case v1::ACTION_STATE_SENT: return "begun";
    case v1::ACTION_STATE_SUCCEEDED: return "done";
    case v1::ACTION_STATE_FAILED: return "failed";
    case v1::ACTION_STATE_SKIPPED: return "skipped";
    case v1::ACTION_STATE_COMPENSATED: return "taken back";
    default: return "waits";
  }
}

bool HasEnded(v1::RunState state) {
  return state >= v1::RUN_STATE_SUCCEEDED;
}

// Says what was last known of the run while nothing is heard of it.
class Heartbeat {
 public:
  explicit Heartbeat(std::string run) : run_(std::move(run)) {
    if (sdk::LogEnabled(sdk::LogLevel::kInfo)) thread_ = std::thread([this] { Beat(); });
  }
  ~Heartbeat() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void Know(std::string progress) {
    const std::lock_guard lock(mutex_);
    progress_ = std::move(progress);
  }

 private:
  void Beat() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kHeartbeat, [this] { return stopped_; })) {
      sdk::Log(sdk::LogLevel::kInfo, "the run goes on", {{"run", run_}, {"progress", progress_}});
    }
  }

  const std::string run_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string progress_;  // protected by mutex_
  bool stopped_ = false;  // protected by mutex_
  std::thread thread_;    // the last member: it uses the others
};

// Logs each action once for every state that it comes to.
class ActionLog {
 public:
  void Update(const v1::Run& run) {
    for (const v1::ActionRecord& record : run.actions()) {
      const v1::ActionState state = record.state();
      v1::ActionState& told = told_[record.action().id()];
      if (state < v1::ACTION_STATE_SENT || state == told) continue;
      told = state;
      sdk::Log(state == v1::ACTION_STATE_FAILED ? sdk::LogLevel::kWarn : sdk::LogLevel::kInfo, "action",
               {{"run", run.id()},
                {"state", std::string(StateName(state))},
                {"where", Where(record.action())},
                {"action", record.action().summary()},
                {"attempt", std::to_string(record.attempt())},
                {"error", record.outcome().error()}});
    }
  }

 private:
  std::map<std::string, v1::ActionState> told_;  // by the action's id
};

}  // namespace

std::string ProgressText(const v1::Run& run) {
  int done = 0;
  std::string now;
  for (const v1::ActionRecord& record : run.actions()) {
    if (record.state() > v1::ACTION_STATE_SENT) ++done;
    if (record.state() == v1::ACTION_STATE_SENT) {
      now += "; at " + Where(record.action()) + ": " + record.action().summary();
    }
  }
  std::string text = std::to_string(done) + " of " + std::to_string(run.actions_size()) + " actions done" + now;
  for (const std::string& waiting : run.waiting()) text += "; waits for " + waiting;
  return text;
}

void FollowRun(Backend& backend, const std::string& workspace, const std::string& run, const std::string& title,
               const sdk::CancellationToken& cancellation, sdk::Diagnostics& diagnostics) {
  Heartbeat heartbeat(run);
  ActionLog actions;
  std::string heard;
  const auto progress = [&](const v1::Run& now) {
    actions.Update(now);
    heard = ProgressText(now);
    heartbeat.Know(heard);
  };
  const Result<v1::Run> ended = backend.AwaitRun(workspace, run, progress, cancellation);
  const std::string look = "\nLook at it with `podwright run get " + run + "`.";
  if (!ended.ok() && ended.error().code() == ErrorCode::kCancelled) {
    const bool late = cancellation.reason() == sdk::CancelReason::kTimeout;
    diagnostics.AddError(title + (late ? ": not done in time, the run goes on" : ": interrupted, the run goes on"),
                         "The control plane goes on with it, and nothing is lost: applying again follows it on." +
                             (heard.empty() ? "" : "\nLast heard: " + heard + ".") + look);
    return;
  }
  if (!ended.ok() || !HasEnded(ended->state())) {
    const std::string why =
        ended.ok() ? "the control plane's answers stopped before its end" : ended.error().ToString();
    diagnostics.AddError(title + ": lost sight of the run",
                         why +
                             "\nWhat was applied is kept, in the control plane and in the state, and the run goes on "
                             "as soon as the control plane does: then apply again." +
                             look);
    return;
  }
  switch (ended->state()) {
    case v1::RUN_STATE_SUCCEEDED: return;
    case v1::RUN_STATE_SUPERSEDED:
      diagnostics.AddWarning(title + ": superseded by a newer change",
                             "Run " + run + " gave way to a newer revision of the object.");
      return;
    case v1::RUN_STATE_CANCELLED:
      diagnostics.AddError(title + ": the run was cancelled",
                           "Somebody cancelled run " + run + ".\n" + FailureText(*ended));
      return;
    default:
      diagnostics.AddError(title + ": failed",
                           FailureText(*ended) + "\nThe whole story: `podwright run get " + run + "`.");
  }
}

}  // namespace podwright::provider
