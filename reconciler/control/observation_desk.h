// Questions to agents about what is not applied yet, and the wait for their answers.
//
// Threading: any thread; has its own lock and is never called with the control plane's held, but for NextId.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.h"
#include "podwright/v1/agent.pb.h"
#include "reconciler/control/agent_link.h"
#include "reconciler/control/keys.h"

namespace podwright::control {

struct Question {
  ServerId server;
  ObjectId object;
  std::string spec;
  std::string uid;
};

struct Answer {
  bool answered = false;
  v1::ObservedFacts facts;
  std::string error;
};

class ObservationDesk {
 public:
  ObservationDesk(AgentLink& link, Clock& clock) : link_(link), clock_(clock) {}

  // Sends all and waits for the answers, at most until `deadline`. In the order of the questions.
  std::vector<Answer> Ask(const std::vector<Question>& questions, SteadyTime deadline);
  // True: somebody waits for this reply, and has it now.
  bool Deliver(const ServerId& server, const v1::ObserveReply& reply);
  // Its questions have no answer any more.
  void AgentGone(const ServerId& server);
  // For questions that are asked without waiting here.
  std::uint64_t NextId() { return next_id_.fetch_add(1); }
  // Nobody waits from here on.
  void Stop();

 private:
  struct Waiting {
    ServerId server;
    bool settled = false;
    Answer answer;
  };

  AgentLink& link_;
  Clock& clock_;
  std::atomic<std::uint64_t> next_id_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Waiting> waiting_;  // protected by mutex_
  bool stopped_ = false;                      // protected by mutex_
};

}  // namespace podwright::control
