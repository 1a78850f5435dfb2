// Requests for everything that an owner has: what is stored already costs nothing, and changes no answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "reconciler/control/testing/world.h"

namespace podwright::control::testing {
namespace {

using ::testing::IsEmpty;

TEST(WholeOwner, OnlyAgentsOfWhatChangesAreAsked) {
  World world;
  MemoryAgent& still = world.AddAgent("still");
  world.AddAgent("moved");
  auto request = world.Request("git:plans");
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  World::PutServerFile(&request, "still", "one");
  World::PutServerFile(&request, "moved", "one");
  world.ApplyAndFinish(request);
  still.ObserveSilently(true);
  request.clear_puts();
  World::PutServerFile(&request, "still", "one");
  World::PutServerFile(&request, "moved", "two");
  const auto response = world.Apply(request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_THAT(response->warnings(), IsEmpty());
  // Every object is in the answer all the same.
  EXPECT_EQ(response->objects_size(), 2);
  world.Finish(response->run());
  EXPECT_EQ(world.link.Find("moved")->files["/etc/motd"].content(), "two");
}

TEST(WholeOwner, ABriefAnswerHasNoObjectsAndIsRepeated) {
  World world;
  world.AddAgent("web");
  auto request = world.Request("git:plans");
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  request.set_idempotency_key("git/1");
  World::PutServerFile(&request, "web", "one");
  ApplyOptions options;
  options.brief = true;
  options.request_digest = "the first";
  const auto first = world.control().Apply(world.admin, v1::ApplyRequest(request), options);
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  EXPECT_EQ(first->objects_size(), 0);
  EXPECT_GT(first->plan().order_size(), 0);
  world.StartControl();
  const auto again = world.control().Apply(world.admin, v1::ApplyRequest(request), options);
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(again->run(), first->run());
  EXPECT_EQ(again->revision(), first->revision());
  EXPECT_EQ(again->plan().digest(), first->plan().digest());
  options.request_digest = "another";
  EXPECT_FALSE(world.control().Apply(world.admin, v1::ApplyRequest(request), options).ok());
}

TEST(WholeOwner, PhasesAreCountedAsTheyAreShown) {
  World world;
  world.AddAgent("ready");
  MemoryAgent& fails = world.AddAgent("fails");
  fails.FailNext("server.file.write", 1000, true);
  auto request = world.Request("git:plans");
  for (const char* name : {"ready", "fails", "away"}) World::PutServerFile(&request, name, "one");
  ASSERT_TRUE(world.Apply(request).ok());
  auto other = world.Request("cli:other");
  World::PutServerFile(&other, "foreign", "one");
  ASSERT_TRUE(world.Apply(other).ok());
  world.Advance(std::chrono::minutes(20));
  std::map<v1::Phase, std::uint32_t> shown;
  for (const char* name : {"ready", "fails", "away"}) ++shown[world.Get("server", name).phase()];
  const auto phases = world.control().PhasesOf("default", "git:plans", 10);
  ASSERT_TRUE(phases.ok());
  EXPECT_EQ(phases->counts, shown);
  EXPECT_EQ(shown[v1::PHASE_READY], 1U);
  ASSERT_FALSE(phases->stalled.empty());
  EXPECT_TRUE(world.control().PhasesOf("default", "git:plans", 0)->stalled.empty());
}

// ---- the same answers as a request that names everything ----

std::string Sorted(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

// Says the same by naming all puts and deletes: the way that knows nothing of what is settled.
v1::ApplyRequest Named(World& world, const v1::ApplyRequest& whole) {
  v1::ApplyRequest out = whole;
  out.set_scope(v1::APPLY_SCOPE_LISTED);
  for (const char* kind : {"server", "widget"}) {
    for (const v1::StoredObject& object : world.control().StoredObjects(kind)) {
      const bool put = std::any_of(whole.puts().begin(), whole.puts().end(), [&](const v1::DesiredObject& desired) {
        return desired.kind() == kind && desired.name() == object.name();
      });
      if (put || object.owner() != whole.owner()) continue;
      v1::ObjectRef* ref = out.add_deletes();
      ref->set_kind(kind);
      ref->set_name(object.name());
    }
  }
  return out;
}

v1::ApplyRequest RandomRequest(World& world, std::mt19937& random) {
  const auto below = [&](unsigned most) { return random() % most; };
  v1::ApplyRequest request = world.Request(below(6) == 0 ? "git:other" : "git:plans");
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  request.set_allow_dangling(below(5) == 0);
  for (unsigned i = 0; i < 3; ++i) {
    if (below(5) != 0) World::PutServerFile(&request, "s" + std::to_string(i), "v" + std::to_string(below(2)));
  }
  for (unsigned i = 0; i < 6; ++i) {
    if (below(4) == 0) continue;
    auto widget = World::Widget({"s" + std::to_string(below(3))}, "p" + std::to_string(below(2)));
    if (i > 0 && below(3) == 0) widget.add_needs("w" + std::to_string(below(i)));
    World::PutWidget(&request, "w" + std::to_string(i), widget);
    if (below(8) == 0) (*request.mutable_puts(request.puts_size() - 1)->mutable_labels())["tier"] = "web";
  }
  return request;
}

std::string StateOf(World& world) {
  std::string out;
  for (const char* kind : {"server", "widget"}) {
    for (v1::StoredObject object : world.control().StoredObjects(kind)) {
      object.clear_uid();
      out += object.DebugString();
    }
  }
  for (const auto& [name, agent] : {std::pair("s0", world.link.Find("s0")), std::pair("s1", world.link.Find("s1"))}) {
    out += name;
    for (const auto& [widget, payload] : agent->widgets) out += " " + widget + "=" + payload;
    for (const auto& [path, file] : agent->files) out += " " + path + "=" + file.content();
    out += "\n";
  }
  return out;
}

TEST(WholeOwner, WhatIsSettledChangesNoAnswerOverRandomHistories) {
  int applied = 0;
  int refused = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    std::mt19937 random(seed);
    World quick(seed);
    World slow(seed);
    for (World* world : {&quick, &slow}) {
      for (const char* server : {"s0", "s1", "s2"}) world->AddAgent(server);
      world->Settle();
    }
    for (int step = 0; step < 15; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      v1::ApplyRequest whole = RandomRequest(quick, random);
      v1::ApplyRequest named = Named(slow, whole);
      whole.set_dry_run(true);
      named.set_dry_run(true);
      const auto quick_preview = quick.Apply(whole);
      const auto slow_preview = slow.Apply(named);
      ASSERT_EQ(quick_preview.ok(), slow_preview.ok());
      if (quick_preview.ok()) {
        ASSERT_EQ(quick_preview->plan().digest(), slow_preview->plan().digest())
            << quick_preview->plan().DebugString() << slow_preview->plan().DebugString();
        ASSERT_EQ(quick_preview->objects_size(), slow_preview->objects_size());
      }
      whole.set_dry_run(false);
      named.set_dry_run(false);
      const auto one = quick.Apply(whole);
      const auto two = slow.Apply(named);
      ASSERT_EQ(one.ok(), two.ok()) << (one.ok() ? two.error().ToString() : one.error().ToString());
      ++(one.ok() ? applied : refused);
      if (!one.ok()) {
        ASSERT_EQ(Sorted(one.error().message()), Sorted(two.error().message()));
      } else {
        ASSERT_EQ(one->run().empty(), two->run().empty());
      }
      // Sometimes the next request comes while the run of this one is at work.
      if (random() % 3 != 0) {
        quick.Advance(std::chrono::minutes(20));
        slow.Advance(std::chrono::minutes(20));
        ASSERT_EQ(StateOf(quick), StateOf(slow));
      }
    }
  }
  EXPECT_GT(applied, 60);
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace podwright::control::testing
