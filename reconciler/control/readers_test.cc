// Events, watched runs, lists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using std::chrono::minutes;

Options FewEvents() {
  Options options = World::DefaultOptions();
  options.events_kept = 10;
  return options;
}

void ApplyWidget(World& world, const std::string& payload) {
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, payload));
  world.ApplyAndFinish(request);
}

TEST(Events, TellEveryChangeOfStateInOrder) {
  World world;
  world.AddAgent("web-1");
  ApplyWidget(world, "x");
  std::vector<std::string> types;
  std::int64_t revision = 0;
  for (const v1::Event& event : world.Events()) {
    EXPECT_GE(event.revision(), revision);
    revision = event.revision();
    if (event.object().name() == "lamp" || !event.run().empty()) types.push_back(event.type());
  }
  EXPECT_THAT(types, ::testing::ElementsAre("object.created", "run.created", "run.started", "run.action.started",
                                            "run.action.succeeded", "object.ready", "run.succeeded"));
}

TEST(Events, AreReadableFromARevisionOnAndFollowed) {
  World world;
  world.AddAgent("web-1");
  ApplyWidget(world, "x");
  const auto all = world.Events();
  v1::EventsRequest request;
  request.set_from_revision(all[all.size() / 2].revision());
  request.set_follow(true);
  auto reader = world.control().Events(world.admin, request);
  ASSERT_TRUE(reader.ok());
  const auto history = (*reader)->Next(world.clock.Steady());
  ASSERT_TRUE(history.ok());
  ASSERT_FALSE(history->empty());
  EXPECT_EQ(history->front().revision(), request.from_revision());
  EXPECT_EQ(history->back().revision(), all.back().revision());
  EXPECT_TRUE((*reader)->Next(world.clock.Steady())->empty());
  EXPECT_FALSE((*reader)->done());
  ApplyWidget(world, "y");
  const auto news = (*reader)->Next(world.clock.Steady());
  ASSERT_TRUE(news.ok());
  ASSERT_FALSE(news->empty());
  EXPECT_EQ(news->front().type(), "object.changed");
  (*reader)->Cancel();
  EXPECT_EQ((*reader)->Next(world.clock.Steady()).error().code(), ErrorCode::kCancelled);
}

TEST(Events, OfOneObjectOnly) {
  World world;
  world.AddAgent("web-1");
  ApplyWidget(world, "x");
  v1::EventsRequest request;
  request.mutable_object()->set_kind("widget");
  request.mutable_object()->set_name("lamp");
  auto reader = world.control().Events(world.admin, request);
  ASSERT_TRUE(reader.ok());
  const auto events = (*reader)->Next(world.clock.Steady());
  ASSERT_TRUE(events.ok());
  EXPECT_FALSE(events->empty());
  for (const v1::Event& event : *events) EXPECT_EQ(event.object().name(), "lamp");
}

TEST(Events, AreBoundedAndAReaderOfWhatIsGoneIsTold) {
  World world(1, FewEvents());
  world.AddAgent("web-1");
  for (const char* payload : {"1", "2", "3"}) ApplyWidget(world, payload);
  const auto first = world.Events().front().revision();
  world.Advance(minutes(2));
  EXPECT_LE(world.Events().size(), 10U);
  v1::EventsRequest request;
  request.set_from_revision(first);
  const auto refused = world.control().Events(world.admin, request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kOutOfRange);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("compacted"));
  // After a restart sequences go on where they were.
  const auto last = world.Events().back().revision();
  world.StartControl();
  world.link.Connect("web-1");
  ApplyWidget(world, "4");
  EXPECT_GT(world.Events().back().revision(), last);
  EXPECT_GT(world.Events().size(), 10U);
}

TEST(WatchRun, ShowsEveryChangeUntilTheEnd) {
  World world;
  world.AddAgent("web-1");
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  World::PutWidget(&request, "lamp", World::Widget({"web-1"}, "x"));
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok());
  v1::GetRunRequest get;
  get.set_id(response->run());
  auto reader = world.control().WatchRun(world.admin, get);
  ASSERT_TRUE(reader.ok());
  auto run = (*reader)->Next(world.clock.Steady());
  ASSERT_TRUE(run.ok() && run->has_value());
  EXPECT_EQ((*run)->state(), v1::RUN_STATE_QUEUED);
  EXPECT_FALSE((*reader)->Next(world.clock.Steady())->has_value());
  world.Settle();
  run = (*reader)->Next(world.clock.Steady());
  ASSERT_TRUE(run.ok() && run->has_value());
  EXPECT_EQ((*run)->state(), v1::RUN_STATE_SUCCEEDED);
  EXPECT_EQ((*reader)->Next(world.clock.Steady()).error().code(), ErrorCode::kOutOfRange);
}

TEST(List, FiltersByLabelAndPages) {
  World world;
  auto request = world.Request();
  for (int i = 0; i < 5; ++i) {
    World::PutServer(&request, "web-" + std::to_string(i));
    (*request.mutable_puts(i)->mutable_labels())["tier"] = i % 2 == 0 ? "web" : "db";
  }
  ASSERT_TRUE(world.Apply(request).ok());
  v1::ListRequest list;
  list.set_label_selector("tier=web");
  list.set_page_size(2);
  const auto first = world.control().List(world.admin, list);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->objects_size(), 2);
  ASSERT_FALSE(first->next_page_token().empty());
  list.set_page_token(first->next_page_token());
  const auto second = world.control().List(world.admin, list);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second->objects_size(), 1);
  EXPECT_EQ(second->objects(0).object().name(), "web-4");
  EXPECT_TRUE(second->next_page_token().empty());
}

TEST(Get, RefreshAsksTheAgentNow) {
  World world;
  MemoryAgent& agent = world.AddAgent("web-1");
  ApplyWidget(world, "x");
  agent.widgets["lamp"] = "y";
  v1::GetRequest request;
  request.mutable_object()->set_kind("widget");
  request.mutable_object()->set_name("lamp");
  EXPECT_EQ(world.control().Get(world.admin, request)->phase(), v1::PHASE_READY);
  request.set_refresh(true);
  const auto view = world.control().Get(world.admin, request);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->phase(), v1::PHASE_DEGRADED);
  podwright::testing::WidgetObserved observed;
  ASSERT_TRUE(observed.ParseFromString(view->observed().at("web-1")));
  EXPECT_EQ(observed.payload(), "y");
}

TEST(Threads, TheOwnThreadDoesTheWork) {
  // With a clock that runs: nothing here waits for time but for the worker's own speed.
  World world;
  world.control().Start();
  auto request = world.Request();
  World::Put(&request, "secret", "password", v1::kinds::SecretSpec());
  ASSERT_TRUE(world.Apply(request).ok());
  v1::EventsRequest events;
  events.set_follow(true);
  auto reader = world.control().Events(world.admin, events);
  ASSERT_TRUE(reader.ok());
  bool ready = false;
  while (!ready) {
    const auto news = (*reader)->Next(world.clock.Steady() + std::chrono::seconds(30));
    ASSERT_TRUE(news.ok());
    for (const v1::Event& event : *news) ready = ready || event.type() == "object.ready";
  }
  world.control().Stop();
}

TEST(Threads, PeopleAndAgentsMayCallAtTheSameTime) {
  World world;
  auto request = world.Request();
  World::PutServer(&request, "web-1");
  for (int i = 0; i < 4; ++i) World::Put(&request, "secret", "s-" + std::to_string(i), v1::kinds::SecretSpec());
  ASSERT_TRUE(world.Apply(request).ok());
  v1::Hello hello;
  hello.add_verbs("server.file.write");
  world.control().Start();
  std::vector<std::thread> threads;
  threads.reserve(5);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&world, i] {
      const std::string name = "s-" + std::to_string(i);
      for (int round = 0; round < 20; ++round) {
        v1::SetSecretRequest set;
        set.set_name(name);
        set.set_value("value " + std::to_string(round));
        EXPECT_TRUE(world.control().SetSecret(world.admin, set).ok());
        auto change = world.Request();
        World::Put(&change, "secret", name, v1::kinds::SecretSpec());
        (*change.mutable_puts(0)->mutable_labels())["round"] = std::to_string(round);
        EXPECT_TRUE(world.control().Apply(world.admin, change).ok());
        EXPECT_TRUE(world.control().List(world.admin, {}).ok());
        EXPECT_TRUE(world.control().Healthy().ok());
      }
    });
  }
  threads.emplace_back([&world, &hello] {
    for (std::uint64_t session = 1; session <= 20; ++session) {
      EXPECT_TRUE(world.control().OnAgentConnected("default", "web-1", session, hello).ok());
      v1::AgentMessage beat;
      beat.mutable_heartbeat()->set_count(session);
      world.control().OnAgentMessage("default", "web-1", session, beat);
      world.control().AgentStates("");
      world.control().OnAgentDisconnected("default", "web-1", session);
    }
  });
  for (std::thread& thread : threads) thread.join();
  world.control().Stop();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(world.Get("secret", "s-" + std::to_string(i)).object().generation(), 21);
}

}  // namespace
}  // namespace podwright::control::testing
