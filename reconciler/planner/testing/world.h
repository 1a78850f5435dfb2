// A simulated installation for tests of the planner: objects are put and deleted, plans are carried out
// on servers that exist in memory only, and everything is observed again afterwards.
//
// One thread. Misuse (an action before what it waits for, an unknown verb) is noted in problems().
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "podwright/v1/kinds/server.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/planner/facts.h"

namespace podwright::planner {

class KindPlanners;

// Those of kinds/kinds.list and tests/kinds/kinds.list.
KindPlanners TestingPlanners();

// Defaults, digests and references as the control plane makes them.
ObjectInput MakeTestObject(const std::string& kind, const std::string& name, const google::protobuf::Message& spec);
ObservedInput MakeTestObserved(const ObjectKey& object, const std::string& server,
                               const google::protobuf::Message& observed);
// An agent that knows every verb of the server and the widget.
AgentInput MakeTestAgent(const std::string& server);

class World {
 public:
  FactBase& facts() { return facts_; }
  const std::vector<std::string>& problems() const { return problems_; }

  // A new generation; a tombstone lives again.
  void Put(const std::string& kind, const std::string& name, const google::protobuf::Message& spec);
  void Delete(const std::string& kind, const std::string& name);
  // Versions of before are kept. An internal one is named by InternalSecretName.
  void SetSecret(const std::string& name, std::int64_t version, std::vector<std::string> parts = {});
  // An existing server with an enrolled agent, for objects without a cloud.
  void Enrol(const std::string& server);
  // What is on a server; a test may change it behind Podwright's back, and then call Observe.
  v1::kinds::ServerObserved& Disk(const std::string& server) { return servers_[server].disk; }
  void Observe();

  // Every action in the plan's order, then Observe.
  void CarryOut(const v1::Plan& plan);

 private:
  struct Server {
    v1::kinds::ServerObserved disk;
    std::set<std::string> managed;
    std::map<std::string, std::string> widgets;  // payload by name
  };
  void Do(const v1::Action& action);
  void DoMachine(const v1::Action& action);
  void DoServer(const v1::Action& action, Server& server);
  void DoUnit(const v1::Action& action, Server& server);
  void DoWidget(const v1::Action& action, Server& server);
  void ObserveServer(const ObjectInput& object);
  void ObserveWidget(const ObjectInput& object);

  FactBase facts_;
  std::map<std::string, Server> servers_;
  std::set<std::string> enrolled_;
  std::vector<std::string> problems_;
};

}  // namespace podwright::planner
