#include "reconciler/api/session_manager.h"

#include "core/log.h"
#include "podwright/v1/agent.pb.h"
#include "reconciler/api/agent_session.h"

namespace podwright::api {
namespace {

constexpr std::chrono::seconds kStopPatience{5};

}  // namespace

SessionManager::~SessionManager() {
  Stop();
}

void SessionManager::Start(control::ControlPlane& control) {
  control_ = &control;
  watch_ = std::thread([this] { WatchSilence(); });
}

void SessionManager::Stop() {
  std::vector<std::shared_ptr<AgentSession>> sessions;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [raw, session] : all_) sessions.push_back(session);
    changed_.notify_all();
  }
  if (watch_.joinable()) watch_.join();
  const Error why = Unavailable("the control plane is stopping");
  for (const auto& session : sessions) session->End(why);
  sessions.clear();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kStopPatience, [this] { return all_.empty(); });
}

Result<std::uint64_t> SessionManager::Register(const std::shared_ptr<AgentSession>& session) {
  std::shared_ptr<AgentSession> before;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Unavailable("the control plane is stopping");
    number = next_++;
    all_[session.get()] = session;
    std::shared_ptr<AgentSession>& newest = newest_[{session->workspace(), session->server()}];
    before = std::move(newest);
    newest = session;
  }
  if (before) before->End(Conflict("a newer session of this agent has taken over"));
  return number;
}

void SessionManager::Unregister(const AgentSession& session) {
  const std::lock_guard lock(mutex_);
  const auto it = newest_.find({session.workspace(), session.server()});
  if (it != newest_.end() && it->second.get() == &session) newest_.erase(it);
  all_.erase(&session);
  changed_.notify_all();
}

Status SessionManager::Send(const std::string& workspace, const std::string& server,
                            const v1::ControlMessage& message) {
  std::shared_ptr<AgentSession> session;
  {
    const std::lock_guard lock(mutex_);
    const auto it = newest_.find({workspace, server});
    if (it != newest_.end()) session = it->second;
  }
  if (!session) return Unavailable("the agent of server/" + server + " is not connected");
  return session->Send(message);
}

bool SessionManager::Connected(const std::string& workspace, const std::string& server) const {
  const std::lock_guard lock(mutex_);
  const auto it = newest_.find({workspace, server});
  return it != newest_.end() && it->second->greeted();
}

void SessionManager::Disconnect(const std::string& workspace, const std::string& server, const Error& why) {
  std::shared_ptr<AgentSession> session;
  {
    const std::lock_guard lock(mutex_);
    const auto it = newest_.find({workspace, server});
    if (it != newest_.end()) session = it->second;
  }
  if (session) session->End(why, AgentSession::Ending::kCutOff);
}

std::size_t SessionManager::size() const {
  const std::lock_guard lock(mutex_);
  return newest_.size();
}

std::vector<std::shared_ptr<AgentSession>> SessionManager::Silent() {
  std::vector<std::shared_ptr<AgentSession>> silent;
  const SteadyTime now = clock_.Steady();
  const std::lock_guard lock(mutex_);
  for (const auto& [raw, session] : all_) {
    if (now - session->last_heard() > (session->greeted() ? limits_.silence : limits_.hello)) silent.push_back(session);
  }
  return silent;
}

void SessionManager::WatchSilence() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (stopping_) return;
      clock_.WaitUntil(lock, changed_, clock_.Steady() + std::chrono::seconds(1));
      if (stopping_) return;
    }
    for (const auto& session : Silent()) {
      log::Info("an agent is silent", {{"workspace", session->workspace()}, {"server", session->server()}});
      session->End(DeadlineExceeded("nothing was heard of the agent for too long"), AgentSession::Ending::kCutOff);
    }
  }
}

}  // namespace podwright::api
