#include "agent/engine/engine.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "core/log_keys.h"

namespace podwright::agent {

namespace key = log::key;

Engine::Engine(EngineOptions options, host::Host host, drivers::Registry& drivers, Journal& journal, Clock& clock)
    : options_(std::move(options)),
      host_(host),
      drivers_(drivers),
      clock_(clock),
      journal_(journal),
      limits_(options_.repairs) {}

drivers::Driver* Engine::DriverOf(const std::string& kind) const {
  const auto found = drivers_.find(kind);
  return found == drivers_.end() ? nullptr : found->second.get();
}

// ---- towards the control plane ----

std::vector<v1::PauseState> Engine::PausesLocked() const {
  std::vector<v1::PauseState> pauses;
  const std::int64_t now = ToUnixMillis(clock_.Now());
  for (const auto& pause : journal_.state().control_pauses()) {
    if (pause.until_unix_ms() > now) pauses.push_back(pause);
  }
  if (journal_.state().host_pause().until_unix_ms() > now) pauses.push_back(journal_.state().host_pause());
  return pauses;
}

v1::Hello Engine::MakeHelloLocked() const {
  v1::Hello hello;
  hello.set_agent_version(options_.version);
  hello.set_boot_id(host_.facts.BootId());
  for (const auto& [kind, driver] : drivers_) {
    for (const auto& verb : driver->Verbs()) hello.add_verbs(verb);
  }
  for (const auto& [name, value] : host_.facts.Capabilities()) (*hello.mutable_capabilities())[name] = value;
  hello.set_highest_epoch(journal_.state().highest_epoch());
  for (const auto& entry : facts_) *hello.add_facts() = entry.second;
  for (const auto& [name, action] : journal_.state().actions()) {
    if (action.has_result() && !action.acknowledged()) *hello.add_unacknowledged() = action.result();
    if (!action.has_result() && !running_.contains(name)) hello.add_running(action.dispatch().action().id());
  }
  for (const auto& entry : running_ids_) hello.add_running(entry.second);
  for (const auto& pause : PausesLocked()) *hello.add_paused() = pause;
  hello.set_hostname(host_.facts.Hostname());
  for (const auto& address : host_.facts.Addresses()) hello.add_addresses(address);
  return hello;
}

v1::Hello Engine::MakeHello() {
  std::lock_guard lock(mutex_);
  return MakeHelloLocked();
}

void Engine::Attach(Sender sender) {
  std::lock_guard lock(mutex_);
  sender_ = std::move(sender);
  v1::AgentMessage message;
  *message.mutable_hello() = MakeHelloLocked();
  SendLocked(std::move(message));
  std::vector<std::uint64_t> waiting;
  for (const auto& entry : journal_.state().events()) waiting.push_back(entry.first);
  std::sort(waiting.begin(), waiting.end());
  for (const std::uint64_t sequence : waiting) {
    v1::AgentMessage event;
    *event.mutable_event() = journal_.state().events().at(sequence);
    SendLocked(std::move(event));
  }
  next_heartbeat_ = clock_.Steady() + heartbeat_;
}

void Engine::Detach() {
  std::lock_guard lock(mutex_);
  sender_ = nullptr;
}

void Engine::SendLocked(v1::AgentMessage message) {
  if (sender_) sender_(std::move(message));
}

void Engine::Send(v1::AgentMessage message) {
  std::lock_guard lock(mutex_);
  SendLocked(std::move(message));
}

std::chrono::milliseconds Engine::Beat() {
  std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.Steady();
  if (!sender_) return heartbeat_;
  if (now >= next_heartbeat_) {
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_count(++heartbeats_);
    for (const auto& [name, value] : host_.facts.Health())
      (*message.mutable_heartbeat()->mutable_health())[name] = value;
    SendLocked(std::move(message));
    next_heartbeat_ = now + heartbeat_;
  }
  return std::chrono::ceil<std::chrono::milliseconds>(next_heartbeat_ - now);
}

void Engine::AddEvent(const std::string& type, const v1::ObjectRef& object, const std::string& message,
                      std::map<std::string, std::string> fields) {
  v1::AgentEvent event;
  event.mutable_event()->set_type(type);
  event.mutable_event()->set_unix_ms(ToUnixMillis(clock_.Now()));
  event.mutable_event()->set_server(options_.server);
  event.mutable_event()->set_message(message);
  if (!object.kind().empty()) *event.mutable_event()->mutable_object() = object;
  for (auto& [name, value] : fields) (*event.mutable_event()->mutable_fields())[name] = value;
  std::lock_guard lock(mutex_);
  const auto sequence = journal_.AddEvent(event);
  if (!sequence.ok()) {
    log::Error("an event cannot be kept", {{key::kError, sequence.error().ToString()}, {key::kName, type}});
    return;
  }
  v1::AgentMessage out;
  *out.mutable_event() = journal_.state().events().at(*sequence);
  SendLocked(std::move(out));
}

// ---- from the control plane ----

void Engine::Handle(v1::ControlMessage message) {
  std::lock_guard lock(mutex_);
  if (message.has_ping()) {
    v1::AgentMessage pong;
    pong.mutable_pong()->set_nonce(message.ping().nonce());
    SendLocked(std::move(pong));
    return;
  }
  if (message.has_welcome() && message.welcome().heartbeat_ms() >= 100) {
    heartbeat_ = std::chrono::milliseconds(std::min<std::int64_t>(message.welcome().heartbeat_ms(), 3'600'000));
    next_heartbeat_ = std::min(next_heartbeat_, clock_.Steady() + heartbeat_);
  }
  inbox_.emplace_back(std::move(message), clock_.Steady());
  if (waker_) waker_();
}

void Engine::SetWaker(std::function<void()> waker) {
  std::lock_guard lock(mutex_);
  waker_ = std::move(waker);
}

void Engine::NoteChange() {
  std::lock_guard lock(mutex_);
  if (changed_at_ == SteadyTime()) changed_at_ = clock_.Steady();
}

void Engine::Drain() {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (inbox_.empty()) return;
    auto [message, received] = std::move(inbox_.front());
    inbox_.pop_front();
    lock.unlock();
    Take(std::move(message), received);
  }
}

void Engine::Take(v1::ControlMessage message, SteadyTime received) {
  Status kept;
  switch (message.body_case()) {
    case v1::ControlMessage::kWelcome: {
      std::lock_guard lock(mutex_);
      kept = journal_.RaiseEpoch(message.welcome().epoch());
      break;
    }
    case v1::ControlMessage::kDispatch: TakeDispatch(std::move(*message.mutable_dispatch()), received); break;
    case v1::ControlMessage::kObserve: Observe(message.observe()); break;
    case v1::ControlMessage::kPause: {
      v1::PauseList pauses;
      *pauses.mutable_paused() = message.pause().paused();
      std::lock_guard lock(mutex_);
      kept = journal_.SetControlPauses(pauses);
      changed_at_ = clock_.Steady();
      break;
    }
    case v1::ControlMessage::kResultAck: {
      std::lock_guard lock(mutex_);
      kept = journal_.Acknowledge(message.result_ack());
      break;
    }
    case v1::ControlMessage::kEventAck: {
      std::lock_guard lock(mutex_);
      kept = journal_.AcknowledgeEvent(message.event_ack().sequence());
      break;
    }
    case v1::ControlMessage::kForget: TakeForget(message.forget()); break;
    case v1::ControlMessage::kConfirm: TakeConfirm(message.confirm()); break;
    case v1::ControlMessage::kPing: break;  // answered at once
    case v1::ControlMessage::BODY_NOT_SET: break;
  }
  if (!kept.ok()) log::Error("the journal cannot be written", {{key::kError, kept.error().ToString()}});
}

void Engine::TakeConfirm(const v1::Confirm& confirm) {
  drivers::Driver* driver = DriverOf(confirm.object().kind());
  if (driver == nullptr) return;
  v1::ObjectState state;
  {
    std::lock_guard lock(mutex_);
    if (confirm.epoch() < journal_.state().highest_epoch()) {
      log::Warn("a confirmation of an old control plane is refused", {{key::kEpoch, confirm.epoch()}});
      return;
    }
    Status kept = journal_.RaiseEpoch(confirm.epoch());
    state = journal_.Object(confirm.object());
    state.set_uid(confirm.uid());
    state.set_confirmed(true);
    state.set_confirmed_spec(confirm.spec());
    state.set_watched_spec(confirm.spec());
    state.set_confirmed_generation(confirm.generation());
    if (kept.ok()) kept = journal_.PutObject(state);
    if (!kept.ok()) {
      log::Error("the journal cannot be written", {{key::kError, kept.error().ToString()}});
      return;
    }
  }
  if (auto facts = ObserveObject(state, *driver, state.watched_spec()); facts) Publish({std::move(*facts)});
}

void Engine::TakeForget(const v1::ForgetObject& forget) {
  std::lock_guard lock(mutex_);
  const v1::ObjectState state = journal_.Object(forget.object());
  // Another object of the same name was made since.
  if (!forget.uid().empty() && !state.uid().empty() && forget.uid() != state.uid()) return;
  if (const Status kept = journal_.Forget(forget.object()); !kept.ok()) {
    log::Error("the journal cannot be written", {{key::kError, kept.error().ToString()}});
    return;
  }
  facts_.erase(ObjectKey(forget.object()));
  v1::AgentMessage message;
  v1::ObservedFacts& facts = *message.mutable_facts()->add_facts();
  *facts.mutable_object() = forget.object();
  facts.set_gone(true);
  facts.set_spec_uid(forget.uid());
  facts.set_sequence(++fact_sequence_);
  SendLocked(std::move(message));
}

void Engine::Observe(const v1::ObserveRequest& request) {
  v1::AgentMessage message;
  v1::ObserveReply& reply = *message.mutable_observe_reply();
  reply.set_id(request.id());
  drivers::Driver* driver = DriverOf(request.object().kind());
  if (driver == nullptr) {
    reply.set_error("this agent (" + options_.version + ") has no driver for the kind " + request.object().kind());
    Send(std::move(message));
    return;
  }
  v1::ObjectState state;
  {
    std::lock_guard lock(mutex_);
    state = journal_.Object(request.object());
  }
  const auto seen = driver->Observe(state, request.spec());
  if (!seen.ok()) {
    reply.set_error(seen.error().ToString());
  } else {
    v1::ObservedFacts& facts = *reply.mutable_facts();
    *facts.mutable_object() = request.object();
    facts.set_observed(seen->observed);
    facts.set_spec_uid(request.object_uid());
    facts.set_confirmed_generation(state.confirmed_generation());
    facts.set_drifted(!seen->drift.empty());
    for (const auto& text : seen->drift) facts.set_drift(facts.drift() + (facts.drift().empty() ? "" : "; ") + text);
    std::lock_guard lock(mutex_);
    facts.set_sequence(++fact_sequence_);
  }
  Send(std::move(message));
}

// ---- the loop ----

void Engine::Recover() {
  recovered_ = true;
  std::vector<std::pair<std::uint64_t, v1::Dispatch>> begun;
  LogDamage damage = LogDamage::kNone;
  {
    std::lock_guard lock(mutex_);
    damage = journal_.damage();
    for (const auto& [name, action] : journal_.state().actions()) {
      if (action.has_result()) continue;
      begun.emplace_back(action.order(), action.dispatch());
      running_.insert(name);
      running_ids_[name] = action.dispatch().action().id();
    }
  }
  std::sort(begun.begin(), begun.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [order, dispatch] : begun) queue_.push_back({std::move(dispatch), clock_.Steady(), true});
  if (damage == LogDamage::kCorrupt) {
    log::Error("the journal was damaged; what stood before the damage is kept, the file is put aside",
               {{key::kPath, options_.state_folder}});
    AddEvent("agent.journal-damaged", {}, "The agent's journal was damaged; the damaged file is kept beside it.", {});
  }
}

drivers::Watches Engine::Watch() {
  std::lock_guard lock(mutex_);
  if (watched_version_ == journal_.objects_version()) return watches_;
  watched_version_ = journal_.objects_version();
  watches_ = {};
  if (!options_.state_folder.empty()) watches_.folders.insert(options_.state_folder);
  for (const auto& [name, state] : journal_.state().objects()) {
    drivers::Driver* driver = DriverOf(state.object().kind());
    if (driver == nullptr) continue;
    drivers::Watches some = driver->Watch(state);
    watches_.folders.merge(some.folders);
    watches_.units.insert(watches_.units.end(), some.units.begin(), some.units.end());
  }
  return watches_;
}

void Engine::RunWaiting() {
  for (Drain(); !queue_.empty(); Drain()) {
    ReadHostPauseFile();
    Pending next = std::move(queue_.front());
    queue_.pop_front();
    RunAction(std::move(next));
    std::lock_guard lock(mutex_);
    changed_at_ = clock_.Steady();
  }
}

std::chrono::milliseconds Engine::Step() {
  if (!recovered_) Recover();
  Drain();
  if (!queue_.empty()) {
    ReadHostPauseFile();
    Pending next = std::move(queue_.front());
    queue_.pop_front();
    RunAction(std::move(next));
    std::lock_guard lock(mutex_);
    changed_at_ = clock_.Steady();
    if (!queue_.empty() || !inbox_.empty()) return std::chrono::milliseconds(0);
  }
  SteadyTime now = clock_.Steady();
  if (now >= next_cheap_poll_) {
    next_cheap_poll_ = now + options_.cheap_poll;
    if (std::string stamp = UnitStamp(); stamp != unit_stamp_) {
      unit_stamp_ = std::move(stamp);
      NoteChange();
    }
    ReadHostPauseFile();
  }
  SteadyTime look = next_full_poll_;
  {
    std::lock_guard lock(mutex_);
    if (changed_at_ != SteadyTime()) look = std::min(look, changed_at_ + options_.settle);
    if (now >= look) changed_at_ = SteadyTime();
  }
  if (now >= look) {
    ReadHostPauseFile();  // a pause holds from the moment that the command has answered
    LookAround();
    now = clock_.Steady();
    next_full_poll_ = std::min(now + options_.full_poll, std::max(limits_.NextTry(now), now + options_.cheap_poll));
    look = next_full_poll_;
  }
  const SteadyTime tick = TickDrivers();
  now = clock_.Steady();
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min({look, next_cheap_poll_, tick}) - now);
  return std::max(wait, std::chrono::milliseconds(0));
}

}  // namespace podwright::agent
