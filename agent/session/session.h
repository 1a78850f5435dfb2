// Joins the engine to the control plane: one outbound stream, made again with jittered waits whenever it
// ends, and the certificate renewed in time. gRPC's callback API: the stream has no thread of its own.
//
// Threading: Run blocks in one thread until Stop, which any thread may call. The engine outlives it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/session/renewal_policy.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::agent {

class Engine;
class AgentStream;

struct SessionOptions {
  std::string state_folder;
  std::chrono::milliseconds first_retry{1000};
  std::chrono::milliseconds longest_retry{60'000};
};

class Session {
 public:
  Session(SessionOptions options, v1::AgentIdentity identity, Engine& engine, Clock& clock, Random& random);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Run();
  void Stop();

 private:
  void RenewIfDue();
  // Holds a stream until it ends, a renewal needs a new one, or Stop. True when a stream was up.
  bool HoldStream();
  void WriteStatus(bool connected, const std::string& why) const;
  bool Stopped();
  void Sleep(std::chrono::milliseconds time);

  const SessionOptions options_;
  Engine& engine_;
  Clock& clock_;
  Random& random_;
  v1::AgentIdentity identity_;  // of Run's thread, as the next
  RenewalPolicy renewal_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;  // protected by mutex_
};

}  // namespace podwright::agent
