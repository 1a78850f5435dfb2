// A whole installation in one thread: control plane, agents, clouds and store in memory, a clock moved by hand, a
// store that can fail. For tests and simulations.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/crypto/envelope.h"
#include "core/random.h"
#include "podwright/testing/widget.pb.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/clouds/memory_cloud.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/control/testing/memory_agent.h"
#include "reconciler/planner/kind_planner.h"
#include "reconciler/secrets/secret_store.h"
#include "reconciler/store/faulty_store.h"
#include "reconciler/store/memory_store.h"

namespace podwright::control::testing {

class World {
 public:
  explicit World(std::uint64_t seed = 1, Options options = DefaultOptions());
  // With agents of another making: whoever made `agents` delivers their messages.
  World(std::uint64_t seed, Options options, AgentLink& agents);
  ~World();
  static Options DefaultOptions();

  // A new control plane on what the store holds; the one before, if any, dies without a word.
  void StartControl();
  void KillControl();
  bool alive() const { return control_ != nullptr; }
  ControlPlane& control() { return *control_; }

  // Steps and delivers until nothing moves; time stands still.
  void Settle();
  // Moves the clock in the steps in which something is due, settling at each.
  void Advance(std::chrono::milliseconds by);
  // Settles and advances until the run has ended, at most an hour.
  v1::Run Finish(const std::string& run);

  MemoryAgent& AddAgent(const std::string& server, bool connect = true);

  // ---- requests ----
  v1::ApplyRequest Request(const std::string& owner = "cli:test") const;
  static void Put(v1::ApplyRequest* request, const std::string& kind, const std::string& name,
                  const google::protobuf::Message& spec);
  static void PutServer(v1::ApplyRequest* request, const std::string& name);
  // A server with one file.
  static void PutServerFile(v1::ApplyRequest* request, const std::string& name, const std::string& content);
  static podwright::testing::WidgetSpec Widget(const std::vector<std::string>& servers, const std::string& payload);
  static void PutWidget(v1::ApplyRequest* request, const std::string& name, const podwright::testing::WidgetSpec& spec);
  static void Delete(v1::ApplyRequest* request, const std::string& kind, const std::string& name);
  Result<v1::ApplyResponse> Apply(const v1::ApplyRequest& request) { return control_->Apply(admin, request); }
  // Apply, which must be taken, and its run to its end.
  v1::Run ApplyAndFinish(const v1::ApplyRequest& request);
  v1::ObjectView Get(const std::string& kind, const std::string& name);
  bool Exists(const std::string& kind, const std::string& name);
  std::vector<v1::Event> Events();
  int CountEvents(const std::string& type);
  std::vector<auth::AuditEntry> Audit();

  FakeClock clock;
  SeededRandom random;
  store::MemoryStore memory_store;
  store::FaultyStore store;
  crypto::EnvelopeKeyring keys;
  std::unique_ptr<secrets::SecretStore> secrets;
  std::unique_ptr<auth::AuditLog> audit;
  planner::KindPlanners planners;
  clouds::MemoryCloud cloud;
  MemoryLink link;
  Options options;
  Caller admin{"token:admin", Role::kAdmin, "*"};

 private:
  AgentLink* agents_ = &link;
  std::unique_ptr<ControlPlane> control_;
};

}  // namespace podwright::control::testing
