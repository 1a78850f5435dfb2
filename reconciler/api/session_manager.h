// The agents' streams: who is connected, what goes to them, and when one has been silent for too long.
//
// A session belongs to itself (gRPC holds it until its stream is done) and is known here while it is the
// newest of its server. A second session of the same server ends the first. Implements control's AgentLink.
// Threading: any thread. The control plane is told of connections, messages and ends on gRPC's threads, of
// one session always one after the other.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "reconciler/control/agent_link.h"

namespace podwright::control {
class ControlPlane;
}

namespace podwright::api {

class AgentSession;

class SessionManager final : public control::AgentLink {
 public:
  struct Limits {
    std::chrono::milliseconds hello{10'000};    // from the stream's begin to Hello
    std::chrono::milliseconds silence{45'000};  // between two messages
  };

  SessionManager(Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}
  ~SessionManager() override;

  // Before the servers start. `control` must outlive the sessions: Stop ends them all.
  void Start(control::ControlPlane& control);
  // No further sessions, and none left when it returns (or after five seconds).
  void Stop();

  Status Send(const std::string& workspace, const std::string& server, const v1::ControlMessage& message) override;
  bool Connected(const std::string& workspace, const std::string& server) const override;
  // Ends the stream of a server, if there is one, with this error.
  void Disconnect(const std::string& workspace, const std::string& server, const Error& why);
  std::size_t size() const;

  // ---- for AgentSession ----
  control::ControlPlane& control() { return *control_; }
  // Makes the session the server's only one; the one before is ended. kUnavailable: we are stopping.
  Result<std::uint64_t> Register(const std::shared_ptr<AgentSession>& session);
  void Unregister(const AgentSession& session);
  SteadyTime Now() { return clock_.Steady(); }

 private:
  using Key = std::pair<std::string, std::string>;  // workspace, server
  void WatchSilence();
  std::vector<std::shared_ptr<AgentSession>> Silent();

  Clock& clock_;
  const Limits limits_;
  control::ControlPlane* control_ = nullptr;
  std::thread watch_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;                                             // protected by mutex_
  std::uint64_t next_ = 1;                                            // protected by mutex_
  std::map<Key, std::shared_ptr<AgentSession>> newest_;               // protected by mutex_
  std::map<const AgentSession*, std::shared_ptr<AgentSession>> all_;  // protected by mutex_
};

}  // namespace podwright::api
