// The agent without its connection: takes the control plane's messages, does what they ask through the
// drivers, keeps the journal, watches for drift and repairs it, lets drivers do work of their own between
// actions. It knows no gRPC and has no threads.
//
// Threading: Step from one thread (it may take as long as an action takes); everything else from any
// thread, and quickly. The sender and the waker are called with a lock held: they only queue.
// Ownership: what the constructor takes outlives the engine.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/drivers/registry.h"
#include "agent/engine/repair_limits.h"
#include "agent/host/host.h"
#include "agent/journal/journal.h"
#include "core/clock.h"
#include "podwright/v1/agent.pb.h"

namespace podwright::agent {

struct EngineOptions {
  std::string version;
  std::string server;                           // its name, for events
  std::string state_folder;                     // where `podwright-agent pause` leaves its file; empty: nowhere
  std::chrono::milliseconds settle{200};        // after a change, before looking
  std::chrono::milliseconds cheap_poll{2000};   // are the units still those that ran?
  std::chrono::milliseconds full_poll{10'000};  // everything, for what nothing tells of
  std::chrono::milliseconds tick_gap{20};       // at least, between two ticks of a driver
  RepairLimits::Options repairs;
};

class Engine {
 public:
  using Sender = std::function<void(v1::AgentMessage message)>;

  Engine(EngineOptions options, host::Host host, drivers::Registry& drivers, Journal& journal, Clock& clock);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  v1::Hello MakeHello();
  // Sends the Hello and the events that wait; then everything that is new, until Detach.
  void Attach(Sender sender);
  void Detach();
  void Handle(v1::ControlMessage message);
  // Sends a heartbeat when one is due; answers when the next is.
  std::chrono::milliseconds Beat();

  // Something of the server may have changed.
  void NoteChange();
  // What should wake the caller of Step beyond its wait; from the thread of Step.
  drivers::Watches Watch();
  // Called, from any thread, when there is something for Step to do.
  void SetWaker(std::function<void()> waker);
  // Does what there is to do; answers how long nothing need be done unless something wakes.
  std::chrono::milliseconds Step();

  // Whether some object has roles to tell; quick.
  bool ClaimsRoles();
  // What the drivers say of them now. From one thread, beside Step; takes as long as the programs that are asked.
  std::vector<roles::RoleClaim> Roles();

 private:
  struct Pending {
    v1::Dispatch dispatch;
    SteadyTime received;
    bool recovered = false;  // begun before a restart of the agent
  };

  // engine.cc
  void Recover();
  void Drain();
  // Takes what came, and does the actions that wait.
  void RunWaiting();
  void Take(v1::ControlMessage message, SteadyTime received);
  void TakeDispatch(v1::Dispatch dispatch, SteadyTime received);
  void TakeConfirm(const v1::Confirm& confirm);
  void TakeForget(const v1::ForgetObject& forget);
  void Observe(const v1::ObserveRequest& request);
  void Send(v1::AgentMessage message);        // takes the lock
  void SendLocked(v1::AgentMessage message);  // mutex_ held
  void AddEvent(const std::string& type, const v1::ObjectRef& object, const std::string& message,
                std::map<std::string, std::string> fields);
  v1::Hello MakeHelloLocked() const;
  std::vector<v1::PauseState> PausesLocked() const;

  // engine_actions.cc
  void RunAction(Pending pending);
  std::optional<v1::ActionOutcome> Refusal(const Pending& pending);
  bool HoldsGuards(const v1::Dispatch& dispatch, drivers::Driver& driver, const v1::ObjectState& state,
                   v1::ActionOutcome& outcome);
  std::optional<drivers::Proof> EarlierProof(const v1::Dispatch& dispatch);
  void Act(const Pending& pending, drivers::Driver& driver);
  void Answer(const v1::Dispatch& dispatch, v1::ActionOutcome outcome);
  static v1::ActionResult ResultFor(const v1::Dispatch& dispatch, v1::ActionOutcome outcome);

  // engine_drift.cc
  void LookAround();
  void RepairObject(const v1::ObjectRef& ref, drivers::Driver& driver);
  std::optional<v1::ObservedFacts> ObserveObject(const v1::ObjectState& state, drivers::Driver& driver,
                                                 const std::string& spec);
  // Sends the facts where they differ from what was sent.
  void Publish(std::vector<v1::ObservedFacts> facts);
  bool Remember(v1::ObservedFacts& facts);  // mutex_ held; false where nothing is new
  bool Paused(const v1::ObjectRef& object);
  void ReadHostPauseFile();
  std::string UnitStamp();

  // engine_background.cc
  // Ticks the drivers that are due; answers when the next is.
  SteadyTime TickDrivers();
  void TickDriver(const std::string& kind, drivers::Driver& driver);
  std::vector<v1::ObjectState> StatesOf(const std::string& kind);  // takes the lock

  drivers::Driver* DriverOf(const std::string& kind) const;

  const EngineOptions options_;
  const host::Host host_;
  drivers::Registry& drivers_;
  Clock& clock_;

  std::mutex mutex_;
  Journal& journal_;  // protected by mutex_, as all down to the blank line
  std::deque<std::pair<v1::ControlMessage, SteadyTime>> inbox_;
  Sender sender_;
  std::function<void()> waker_;
  std::map<std::string, v1::ObservedFacts> facts_;  // as they were sent, by object
  std::set<std::string> running_;                   // keys of actions that wait or run
  std::map<std::string, std::string> running_ids_;  // their ids, by key
  std::chrono::milliseconds heartbeat_{10'000};
  SteadyTime next_heartbeat_;
  std::uint64_t heartbeats_ = 0;
  std::uint64_t fact_sequence_ = 0;
  drivers::Watches watches_;
  std::uint64_t watched_version_ = 0;  // of the journal's objects that watches_ was made from
  SteadyTime changed_at_{};            // the first change that was not looked at; zero: none

  std::deque<Pending> queue_;  // of the thread of Step, as all below
  bool recovered_ = false;
  RepairLimits limits_;
  SteadyTime next_full_poll_;
  SteadyTime next_cheap_poll_;
  std::string unit_stamp_;
  std::map<std::string, SteadyTime> ticked_;  // by kind
  std::string pause_problem_;
};

}  // namespace podwright::agent
