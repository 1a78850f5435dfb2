#include "reconciler/control/testing/world.h"

#include <cstdio>
#include <cstdlib>

#include "core/crypto/keys.h"
#include "kinds/testing/testing_kinds.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::control::testing {
namespace {

// A test's own set-up does not fail.
template <typename T>
T Must(Result<T> result, const char* what) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s: %s\n", what, result.error().ToString().c_str());
    std::abort();
  }
  return std::move(result).value();
}

}  // namespace

Options World::DefaultOptions() {
  Options options;
  options.observe_timeout = std::chrono::milliseconds(2'000);
  return options;
}

World::World(std::uint64_t seed, Options chosen) : World(seed, std::move(chosen), link) {}

World::World(std::uint64_t seed, Options chosen, AgentLink& agents)
    : random(seed),
      memory_store(clock),
      store(memory_store),
      planners(planner::TestingPlanners()),
      cloud("podwright", clock),
      options(std::move(chosen)),
      agents_(&agents) {
  const std::string key = random.Bytes(32);
  if (!keys.Add("test", crypto::SecretString(std::string_view(key))).ok()) std::abort();
  secrets =
      std::make_unique<secrets::SecretStore>(memory_store, keys, clock, [](const secrets::Opening&) { return Ok(); });
  audit = Must(auth::AuditLog::Open(memory_store, keys, clock), "audit log");
  const auto sealing = Must(crypto::PrivateKey::Generate(crypto::KeyType::kX25519), "sealing key");
  link.sealing_key = Must(Must(sealing.Public(), "public key").Raw(), "raw key");
  cloud.OnBoot([this](const clouds::Machine& machine, const clouds::MachineRequest& request) {
    link.Boot(request.labels.at("workspace"), machine.name);
  });
  StartControl();
}

World::~World() {
  KillControl();
}

void World::KillControl() {
  link.Attach(nullptr);
  control_.reset();
}

void World::StartControl() {
  KillControl();
  store.Clear();
  const Dependencies dependencies{store,    clock, random, kinds::TestingKinds(), planners, *secrets, *audit,
                                  *agents_, link,  link,   {{"lab", &cloud}}};
  auto opened = ControlPlane::Open(dependencies, options);
  if (!opened.ok()) {
    std::fprintf(stderr, "open: %s\n", opened.error().ToString().c_str());
    std::abort();
  }
  control_ = std::move(*opened);
  link.Attach(control_.get());
}

void World::Settle() {
  // Far more than any test needs: what still moves then moves forever.
  for (int i = 0; i < 200'000; ++i) {
    const bool stepped = control_->Step();
    const bool pumped = link.Pump();
    if (!stepped && !pumped) return;
  }
  std::fprintf(stderr, "the world does not settle\n");
  std::abort();
}

void World::Advance(std::chrono::milliseconds by) {
  const SteadyTime end = clock.Steady() + by;
  Settle();
  while (true) {
    const std::optional<SteadyTime> due = control_->NextDue();
    if (!due || *due > end) break;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*due - clock.Steady());
    clock.Advance(std::max(wait, std::chrono::milliseconds(1)));
    Settle();
  }
  if (end > clock.Steady()) clock.Advance(std::chrono::ceil<std::chrono::milliseconds>(end - clock.Steady()));
  Settle();
}

v1::Run World::Finish(const std::string& id) {
  v1::GetRunRequest request;
  request.set_id(id);
  for (int i = 0; i < 3600; ++i) {
    Settle();
    const auto run = control_->GetRun(admin, request);
    if (!run.ok()) break;
    if (run->finished_unix_ms() != 0) return *run;
    Advance(std::chrono::milliseconds(1000));
  }
  return Must(control_->GetRun(admin, request), "run");
}

MemoryAgent& World::AddAgent(const std::string& server, bool connect) {
  MemoryAgent& agent = link.Add("default", server);
  if (connect) link.Connect(server);
  return agent;
}

v1::ApplyRequest World::Request(const std::string& owner) const {
  v1::ApplyRequest request;
  request.set_owner(owner);
  return request;
}

void World::Put(v1::ApplyRequest* request, const std::string& kind, const std::string& name,
                const google::protobuf::Message& spec) {
  v1::DesiredObject* put = request->add_puts();
  put->set_kind(kind);
  put->set_name(name);
  put->set_spec(spec.SerializeAsString());
}

void World::PutServer(v1::ApplyRequest* request, const std::string& name) {
  Put(request, "server", name, v1::kinds::ServerSpec());
}

void World::PutServerFile(v1::ApplyRequest* request, const std::string& name, const std::string& content) {
  v1::kinds::ServerSpec spec;
  (*spec.mutable_files())["/etc/motd"].set_content(content);
  Put(request, "server", name, spec);
}

podwright::testing::WidgetSpec World::Widget(const std::vector<std::string>& servers, const std::string& payload) {
  podwright::testing::WidgetSpec spec;
  for (const std::string& server : servers) spec.add_servers(server);
  spec.set_payload(payload);
  return spec;
}

void World::PutWidget(v1::ApplyRequest* request, const std::string& name, const podwright::testing::WidgetSpec& spec) {
  Put(request, "widget", name, spec);
}

void World::Delete(v1::ApplyRequest* request, const std::string& kind, const std::string& name) {
  v1::ObjectRef* ref = request->add_deletes();
  ref->set_kind(kind);
  ref->set_name(name);
}

v1::Run World::ApplyAndFinish(const v1::ApplyRequest& request) {
  const v1::ApplyResponse response = Must(Apply(request), "apply");
  if (response.run().empty()) {
    Settle();
    return {};
  }
  return Finish(response.run());
}

v1::ObjectView World::Get(const std::string& kind, const std::string& name) {
  v1::GetRequest request;
  request.mutable_object()->set_kind(kind);
  request.mutable_object()->set_name(name);
  return Must(control_->Get(admin, request), "get");
}

bool World::Exists(const std::string& kind, const std::string& name) {
  v1::GetRequest request;
  request.mutable_object()->set_kind(kind);
  request.mutable_object()->set_name(name);
  return control_->Get(admin, request).ok();
}

std::vector<v1::Event> World::Events() {
  const auto reader = Must(control_->Events(admin, {}), "events");
  std::vector<v1::Event> out;
  while (!reader->done()) {
    for (v1::Event& event : Must(reader->Next(clock.Steady()), "next event")) out.push_back(std::move(event));
  }
  return out;
}

int World::CountEvents(const std::string& type) {
  int count = 0;
  for (const v1::Event& event : Events()) count += event.type() == type ? 1 : 0;
  return count;
}

std::vector<auth::AuditEntry> World::Audit() {
  return Must(audit->List(1, 1000), "audit");
}

}  // namespace podwright::control::testing
