// The backbone in one process: the control plane and the agents as they are, over a store, hosts and a clock in
// memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "podwright/v1/kinds/policy.pb.h"
#include "reconciler/control/testing/world.h"
#include "tests/sim/server.h"

namespace podwright::sim {
namespace {

using control::testing::World;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Lines final : public control::AgentLink {
 public:
  struct Line {
    std::unique_ptr<Server> server;
    bool connected = false;
    std::uint64_t session = 0;
    std::deque<v1::ControlMessage> waiting;
  };

  Status Send(const std::string&, const std::string& server, const v1::ControlMessage& message) override {
    const auto it = lines.find(server);
    if (it == lines.end() || !it->second.connected) return Unavailable("no stream");
    it->second.waiting.push_back(message);
    // Apply waits for this answer on the thread that would deliver it.
    if (message.has_observe()) Deliver(server, it->second);
    return Ok();
  }
  bool Connected(const std::string&, const std::string& server) const override {
    const auto it = lines.find(server);
    return it != lines.end() && it->second.connected;
  }
  bool Deliver(const std::string& name, Line& line) {
    bool moved = false;
    while (!line.waiting.empty()) {
      line.server->Handle(line.waiting.front());
      line.waiting.pop_front();
      moved = true;
    }
    while (line.server->Step()) moved = true;
    for (const v1::AgentMessage& said : line.server->TakeSaid()) {
      if (line.connected) control->OnAgentMessage("default", name, line.session, said);
      moved = true;
    }
    return moved;
  }

  std::map<std::string, Line> lines;
  control::ControlPlane* control = nullptr;
};

class BackboneTest : public ::testing::Test {
 protected:
  BackboneTest() : world(1, World::DefaultOptions(), lines) {
    world.link.key_for_all = true;
    lines.control = &world.control();
  }

  Server& Add(const std::string& name) {
    Lines::Line& line = lines.lines[name];
    line.server = std::make_unique<Server>(name, world.clock);
    line.server->host.units["app.service"].state = {"loaded", "inactive", "disabled", "", 0, 0};
    line.server->host.available["nginx"] = {"1.22"};
    Connect(name);
    return *line.server;
  }
  void Connect(const std::string& name) {
    Lines::Line& line = lines.lines[name];
    const v1::Hello hello = line.server->Connect();
    ++line.session;
    const auto welcome = world.control().OnAgentConnected("default", name, line.session, hello);
    ASSERT_TRUE(welcome.ok()) << welcome.error().ToString();
    line.connected = true;
    v1::ControlMessage message;
    *message.mutable_welcome() = *welcome;
    line.waiting = {message};
  }
  void Disconnect(const std::string& name) {
    Lines::Line& line = lines.lines[name];
    line.connected = false;
    line.waiting.clear();
    line.server->Disconnect();
    world.control().OnAgentDisconnected("default", name, line.session);
  }
  void RestartControl() {
    for (auto& [name, line] : lines.lines) {
      line.connected = false;
      line.waiting.clear();
      line.server->Disconnect();
    }
    world.StartControl();
    lines.control = &world.control();
    for (auto& [name, line] : lines.lines) Connect(name);
  }
  void Settle() {
    for (int i = 0; i < 100'000; ++i) {
      bool moved = world.control().Step();
      for (auto& [name, line] : lines.lines) moved = lines.Deliver(name, line) || moved;
      if (!moved) return;
    }
    FAIL() << "the simulation does not settle";
  }
  void Advance(milliseconds by) {
    const SteadyTime end = world.clock.Steady() + by;
    Settle();
    while (world.clock.Steady() < end) {
      world.clock.Advance(std::min(milliseconds(250), std::chrono::ceil<milliseconds>(end - world.clock.Steady())));
      Settle();
    }
  }
  v1::Run Finish(const std::string& run) {
    v1::GetRunRequest request;
    request.set_id(run);
    for (int i = 0; i < 200; ++i) {
      Settle();
      const auto found = world.control().GetRun(world.admin, request);
      if (found.ok() && found->finished_unix_ms() != 0) return *found;
      Advance(seconds(1));
    }
    return world.control().GetRun(world.admin, request).value();
  }
  static v1::kinds::ServerSpec Spec(const std::string& content) {
    v1::kinds::ServerSpec spec;
    auto& file = (*spec.mutable_files())["/etc/app.conf"];
    file.set_content(content);
    file.add_restarts("app.service");
    (*spec.mutable_files())["/etc/motd"].set_content("hello");
    (*spec.mutable_units())["app.service"];
    (*spec.mutable_packages())["nginx"];
    (*spec.mutable_users())["app"];
    (*spec.mutable_secrets())["/etc/token"].set_secret("token");
    return spec;
  }
  v1::ApplyRequest Request(const std::string& content) {
    auto request = world.Request();
    v1::kinds::SecretSpec secret;
    secret.mutable_generator();
    World::Put(&request, "secret", "token", secret);
    World::Put(&request, "server", "web-1", Spec(content));
    return request;
  }
  v1::Run Apply(const v1::ApplyRequest& request) {
    const auto response = world.Apply(request);
    EXPECT_TRUE(response.ok()) << response.error().ToString();
    if (!response.ok() || response->run().empty()) return {};
    return Finish(response->run());
  }

  Lines lines;
  World world;
};

TEST_F(BackboneTest, ADeclaredServerConvergesAndTheNextPlanIsEmpty) {
  Server& server = Add("web-1");
  const v1::Run run = Apply(Request("one"));
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  EXPECT_EQ(server.host.files.at("/etc/app.conf").content, "one");
  EXPECT_EQ(server.host.files.at("/etc/token").content, "token/1");
  EXPECT_EQ(server.host.units.at("app.service").state.active_state, "active");
  EXPECT_TRUE(server.host.packages.contains("nginx"));
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_READY) << world.Get("server", "web-1").DebugString();
  auto again = Request("one");
  again.set_dry_run(true);
  const auto preview = world.Apply(again);
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->plan().order_size(), 0) << preview->plan().DebugString();
}

TEST_F(BackboneTest, DriftComesBackWithinSecondsWithoutARun) {
  Server& server = Add("web-1");
  Apply(Request("one"));
  const int runs = world.CountEvents("run.created");
  server.host.files.at("/etc/motd").content = "changed by hand";
  Advance(seconds(20));
  EXPECT_EQ(server.host.files.at("/etc/motd").content, "hello");
  EXPECT_GE(world.CountEvents("drift.repaired"), 1);
  EXPECT_EQ(world.CountEvents("run.created"), runs);
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_READY);
}

TEST_F(BackboneTest, AChangedFileRestartsItsUnitOnceWhateverDiesMeanwhile) {
  // More is deleted in a few minutes than goes without approval.
  v1::kinds::PolicySpec policy;
  policy.mutable_limits()->set_deletes(1000);
  auto declared = world.Request("cli:policy");
  World::Put(&declared, "policy", "default", policy);
  ASSERT_TRUE(world.Apply(declared).ok());
  for (int dies = 0; dies < 60; ++dies) {
    SCOPED_TRACE("after step " + std::to_string(dies));
    Server& server = Add("web-1");
    Apply(Request("start"));
    Advance(seconds(5));
    const int restarts = server.host.Count("units.restart app.service");
    const auto response = world.Apply(Request("change " + std::to_string(dies)));
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    for (int step = 0; step < dies; ++step) {
      world.control().Step();
      if (step % 2 == 1) lines.Deliver("web-1", lines.lines["web-1"]);
    }
    if (dies % 3 == 0) server.Boot();
    RestartControl();
    const v1::Run run = Finish(response->run());
    EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
    EXPECT_EQ(server.host.files.at("/etc/app.conf").content, "change " + std::to_string(dies));
    EXPECT_EQ(server.host.Count("units.restart app.service"), restarts + 1);
    auto deletion = world.Request();
    World::Delete(&deletion, "server", "web-1");
    World::Delete(&deletion, "secret", "token");
    Apply(deletion);
    Advance(seconds(5));
    if (HasFailure()) return;
  }
}

TEST_F(BackboneTest, ADeletedServerIsReleasedAndForgotten) {
  Server& server = Add("web-1");
  Apply(Request("one"));
  auto deletion = world.Request();
  World::Delete(&deletion, "server", "web-1");
  World::Delete(&deletion, "secret", "token");
  const v1::Run run = Apply(deletion);
  EXPECT_EQ(run.state(), v1::RUN_STATE_SUCCEEDED) << run.DebugString();
  Advance(seconds(5));
  EXPECT_FALSE(world.Exists("server", "web-1"));
  EXPECT_FALSE(server.host.files.contains("/etc/app.conf"));
  EXPECT_FALSE(server.host.files.contains("/etc/token"));
}

TEST_F(BackboneTest, AServerThatWasAwayForDaysReturnsAndConvergesToWhatIsWantedNow) {
  Server& server = Add("web-1");
  Apply(Request("one"));
  Disconnect("web-1");
  Settle();
  const auto response = world.Apply(Request("two"));
  ASSERT_TRUE(response.ok());
  world.clock.Advance(std::chrono::hours(72));
  Settle();
  Connect("web-1");
  Advance(minutes(2));
  EXPECT_EQ(server.host.files.at("/etc/app.conf").content, "two");
  EXPECT_EQ(world.Get("server", "web-1").phase(), v1::PHASE_READY);
}

}  // namespace
}  // namespace podwright::sim
