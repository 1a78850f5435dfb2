// The control plane's one worker: takes what is due, one thing at a time, and owns the parts that do it.
//
// Threading: Step and the entries of people and agents take the lock themselves. Either one thread of its own
// (Start) or the caller's (Step), never both.
#pragma once

#include <condition_variable>
#include <thread>

#include "reconciler/control/agents.h"
#include "reconciler/control/apply.h"
#include "reconciler/control/background.h"
#include "reconciler/control/cloud_jobs.h"
#include "reconciler/control/core.h"
#include "reconciler/control/executor.h"
#include "reconciler/control/inbox.h"
#include "reconciler/control/machine_works.h"
#include "reconciler/control/observation_desk.h"
#include "reconciler/control/secret_door.h"

namespace podwright::control {

class Engine {
 public:
  Engine(const Dependencies& dependencies, const Options& options);
  ~Engine() { Stop(); }

  // Raises the epoch, finishes what was half-written, reads everything.
  Status Open();
  void Start();
  void Stop();
  bool Step();
  std::optional<SteadyTime> NextDue() const;
  Status Healthy() const;

  // Runs `work` under the lock, on state that is known to be what the store holds, and wakes the worker.
  template <typename Function>
  auto WithState(Function work) -> decltype(work()) {
    const std::lock_guard<std::mutex> lock(core.mutex);
    PW_TRY(Ready());
    auto result = work();
    WakeWorker();
    return result;
  }

  Core core;
  Inbox inbox;
  ObservationDesk desk;
  SecretDoor secrets;
  CloudJobs jobs;
  MachineWorks machines;
  Executor executor;
  Agents agents;
  Background background;
  Apply apply;

  // The worker looks again. May be called under any lock.
  void WakeWorker() {
    const std::lock_guard<std::mutex> lock(wake_mutex_);
    woken_ = true;
    changed_.notify_all();
  }

 private:
  Status RaiseEpoch();
  Status Load();
  Status Ready();  // lock held: reloads after a failed commit
  Status Probe();
  Status Do(const std::string& key);
  bool TakeFromInbox();
  bool TakeFromQueue();
  void Loop();
  bool Rest();  // false: stopped
  void Note(const Status& status);

  std::mutex wake_mutex_;  // taken last
  std::condition_variable changed_;
  bool woken_ = false;                // protected by wake_mutex_
  bool stopped_ = false;              // protected by wake_mutex_
  SteadyTime inbox_rests_until_{};    // protected by core.mutex
  int inbox_failures_ = 0;            // protected by core.mutex
  std::optional<std::string> noted_;  // the error that was logged last; protected by core.mutex
  std::thread thread_;
};

}  // namespace podwright::control
