// Agents in memory: they keep an agent's rules and have a small server to act on. For tests and simulations of
// the control plane.
//
// Kept: an action is journalled before it runs; one id and attempt never acts twice, and answers again from the
// journal; a lower epoch is refused; what was confirmed is kept without a control plane, drift is
// repaired against it; a stream that ends loses what was on its way. A "server" survives its agent's restarts.
// Verbs: widget.put, widget.remove, server.file.write, server.file.remove, server.secret.deliver,
// server.secret.remove, server.agent.release.
//
// Threading: one thread, that which steps the control plane; messages wait until Pump.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "podwright/v1/agent.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/control/control_plane.h"

namespace podwright::control::testing {

class MemoryAgent {
 public:
  MemoryAgent(std::string workspace, std::string server);

  const std::string& server() const { return server_; }

  // ---- as tests see and bend the server ----
  std::map<std::string, std::string> widgets;                           // payload by name
  std::map<std::string, v1::kinds::ServerFile> files;                   // by path
  std::map<std::string, std::pair<std::string, std::int64_t>> secrets;  // name and version, by path
  std::map<std::string, std::map<std::string, std::string>> bound;      // Dispatch.bound of the last put, by widget
  // Effects of each action, by id: never more than one for one attempt that was sent.
  const std::map<std::string, int>& effects() const { return effects_; }
  int total_effects() const;
  // The next `times` actions of the verb fail; permanently, or so that trying again may help.
  void FailNext(const std::string& verb, int times, bool permanent);
  // Actions are journalled, but not begun, until Release.
  void Hold(bool hold) { hold_ = hold; }
  void ObserveSilently(bool silent) { silent_ = silent; }  // ObserveRequests get no answer
  // `podwright-agent pause` on the server, and word of it.
  void PauseOnHost(std::int64_t until_unix_ms);
  void RemoveVerb(const std::string& verb) { verbs_.erase(verb); }
  // Looks for drift against what was confirmed: repairs it (with `repair`), and reports.
  void CheckDrift(bool repair);
  bool Confirmed(const std::string& object) const { return confirmed_.contains(object); }
  bool Paused(const std::string& object) const { return paused_.contains(object); }
  std::uint64_t highest_epoch() const { return highest_epoch_; }
  int refused() const { return refused_; }  // dispatches of an old epoch
  // The values that sealed secrets held are not opened here; what arrived, by "name/version".
  const std::set<std::string>& delivered() const { return delivered_; }

  // ---- as the link sees it ----
  v1::Hello MakeHello() const;
  void OnWelcome(const v1::Welcome& welcome);
  void Handle(const v1::ControlMessage& message);
  // What it wants to say; emptied.
  std::vector<v1::AgentMessage> TakeOutgoing();
  // The stream ended: what was not yet said is lost; the journal is not.
  void StreamLost() { outgoing_.clear(); }
  // The program ends and begins again, the server stays.
  void Restart();

 private:
  struct Journalled {
    v1::Dispatch dispatch;
    bool done = false;
    bool acknowledged = false;
    v1::ActionResult result;
  };
  struct Kept {
    std::string spec;
    std::string uid;
    std::int64_t generation = 0;
  };

  void OnDispatch(const v1::Dispatch& dispatch);
  void RunJournalled();
  v1::ActionOutcome Act(const v1::Dispatch& dispatch);
  v1::ObservedFacts Observe(const v1::ObjectRef& object, const std::string& spec, const std::string& uid) const;
  void Report(const v1::ObjectRef& object);
  void SayEvent(v1::Event event);
  void Say(v1::AgentMessage message) { outgoing_.push_back(std::move(message)); }

  const std::string workspace_;
  const std::string server_;
  std::set<std::string> verbs_;
  int boot_ = 1;
  bool hold_ = false;
  bool silent_ = false;
  std::map<std::string, std::pair<int, bool>> failures_;
  std::map<std::string, int> effects_;
  int refused_ = 0;
  std::set<std::string> managed_;
  std::set<std::string> delivered_;
  std::map<std::string, std::string> secret_parts_;  // by path
  // On disk: survives restarts.
  std::map<std::pair<std::string, std::uint32_t>, Journalled> journal_;
  std::map<std::string, Kept> watched_;  // "kind/name": what is observed
  std::map<std::string, Kept> confirmed_;
  std::set<std::string> paused_;
  std::uint64_t highest_epoch_ = 0;
  std::uint64_t facts_sequence_ = 0;
  std::uint64_t event_sequence_ = 0;
  std::map<std::uint64_t, v1::AgentEvent> unacknowledged_events_;
  std::vector<v1::AgentMessage> outgoing_;
};

// Joins control plane and agents. Messages wait in queues until Pump, in their order.
class MemoryLink final : public AgentLink, public AgentKeys, public MachineBootstrap {
 public:
  // The control plane that messages go to; nullptr: there is none now, and every stream ends.
  void Attach(ControlPlane* control);
  MemoryAgent& Add(const std::string& workspace, const std::string& server);
  MemoryAgent* Find(const std::string& server);
  void Remove(const std::string& server);
  void Connect(const std::string& server);
  void Disconnect(const std::string& server);
  // Delivers everything that waits. True: something did.
  bool Pump();
  // A machine that boots gets an agent which connects (for clouds::MemoryCloud::OnBoot).
  void Boot(const std::string& workspace, const std::string& server);
  std::set<std::string> released;

  Status Send(const std::string& workspace, const std::string& server, const v1::ControlMessage& message) override;
  bool Connected(const std::string& workspace, const std::string& server) const override;
  Result<std::string> SealingKey(const std::string& workspace, const std::string& server) override;
  Result<BootstrapParts> Prepare(const std::string& workspace, const std::string& server,
                                 clouds::Cloud& cloud) override;
  Status Release(const std::string& workspace, const std::string& server) override;

  std::string sealing_key;   // of all agents
  bool key_for_all = false;  // also for servers that have no agent here

 private:
  struct Line {
    std::unique_ptr<MemoryAgent> agent;
    std::string workspace;
    bool connected = false;
    std::uint64_t session = 0;
    std::deque<v1::ControlMessage> to_agent;
  };
  ControlPlane* control_ = nullptr;
  std::map<std::string, Line> lines_;
};

}  // namespace podwright::control::testing
