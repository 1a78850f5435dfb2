// What holds for every installation: rapidcheck makes worlds of servers and widgets that depend on each other.
#include <rapidcheck.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/reader.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using podwright::testing::WidgetSpec;
using v1::kinds::ServerSpec;

struct Wish {
  std::map<std::string, ServerSpec> servers;
  std::map<std::string, WidgetSpec> widgets;
};

std::string Numbered(const std::string& word, std::size_t number) {
  return word + "-" + std::to_string(number);
}

// Every other server is a cloud's: that cannot change in a server's life.
ServerSpec MakeServer(std::size_t number, unsigned shape, const std::string& content) {
  ServerSpec spec;
  if (number % 2 == 1) spec.set_cloud("lab");
  if (shape & 2U) (*spec.mutable_packages())["nginx"];
  if (shape & 4U) {
    auto& file = (*spec.mutable_files())["/etc/app/" + content + ".conf"];
    file.set_content(content);
    if (shape & 8U) file.add_reloads("nginx.service");
    if (shape & 16U) file.add_restarts("nginx.service");
  }
  if (shape & 32U) (*spec.mutable_units())["nginx.service"];
  if (shape & 64U) (*spec.mutable_users())["app"].add_groups("adm");
  if (shape & 128U) (*spec.mutable_firewall()->mutable_inbound())["http"].set_port(80);
  if (shape & 256U) (*spec.mutable_sysctl())["net.core.somaxconn"] = "1024";
  if (shape & 512U) (*spec.mutable_secrets())["/etc/key"].set_secret("key");
  return spec;
}

std::set<std::size_t> AnyNumbers(std::size_t below) {
  const auto numbers = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, below));
  return {numbers.begin(), numbers.end()};
}

// Widgets need those before them only, so that there is no cycle; some stand on several servers.
Wish AnyWish() {
  Wish wish;
  const auto servers = *rc::gen::inRange<std::size_t>(1, 5);
  const auto widgets = *rc::gen::inRange<std::size_t>(0, 12);
  for (std::size_t i = 0; i < servers; ++i) {
    wish.servers[Numbered("s", i)] =
        MakeServer(i, *rc::gen::inRange(0U, 1024U), *rc::gen::element<std::string>("a", "b"));
  }
  for (std::size_t i = 0; i < widgets; ++i) {
    WidgetSpec spec;
    const auto on = *rc::gen::inRange<std::size_t>(1, servers + 1);
    const auto first = *rc::gen::inRange<std::size_t>(0, servers);
    for (std::size_t k = 0; k < on; ++k) spec.add_servers(Numbered("s", (first + k) % servers));
    const std::set<std::size_t> needs = AnyNumbers(i + 1);
    for (const std::size_t need : needs) {
      if (need < i) spec.add_needs(Numbered("w", need));
    }
    spec.set_payload(*rc::gen::element<std::string>("x", "y"));
    if (*rc::gen::arbitrary<bool>()) spec.set_max_parallel(1);
    wish.widgets[Numbered("w", i)] = spec;
  }
  return wish;
}

void PutAll(World& world, const Wish& wish) {
  world.SetSecret("key", 1);
  for (const auto& [name, spec] : wish.servers) {
    world.Put("server", name, spec);
    if (!spec.has_cloud()) world.Enrol(name);
  }
  for (const auto& [name, spec] : wish.widgets) world.Put("widget", name, spec);
  // What is gone from the wish is deleted.
  std::vector<ObjectKey> gone;
  for (const auto* fact : world.facts().Objects()) {
    const ObjectKey& key = fact->input.key;
    const bool there = key.kind == "server" ? wish.servers.contains(key.name) : wish.widgets.contains(key.name);
    if (!there) gone.push_back(key);
  }
  for (const ObjectKey& key : gone) world.Delete(key.kind, key.name);
  world.Observe();
}

// Something that was observed, changed behind Podwright's back.
void Drift(World& world, const std::string& server) {
  auto& disk = world.Disk(server);
  for (auto& [path, file] : *disk.mutable_files()) file.set_sha256(Sha256("edited").Hex());
  disk.mutable_packages()->clear();
  disk.clear_firewall();
  world.Observe();
}

// Every input of the base, put into another one in the order that `shuffle` gives.
void CopyShuffled(const FactBase& from, FactBase& to, const std::vector<std::size_t>& order) {
  const auto objects = from.Objects();
  for (const std::size_t i : order) {
    const auto& input = objects[i % objects.size()]->input;
    to.PutObject(input);
  }
  for (auto it = objects.rbegin(); it != objects.rend(); ++it) {
    to.PutObject((*it)->input);
    for (const auto* fact : from.ObservedOf((*it)->input.key)) to.PutObserved(fact->input);
    const std::string& name = (*it)->input.key.name;
    if (const auto* agent = from.FindAgent(name)) to.PutAgent(agent->input);
    if (const auto* machine = from.FindMachine(name)) to.PutMachine(machine->input);
  }
  if (const auto* secret = from.FindSecret("key")) to.PutSecret(secret->input);
}

// A world in the middle of its life: something converged, something changed, something drifted.
void AnyHistory(World& world, const Planner& planner) {
  PutAll(world, AnyWish());
  if (*rc::gen::arbitrary<bool>()) {
    world.CarryOut(planner.PlanAll(world.facts()));
    PutAll(world, AnyWish());
    if (*rc::gen::arbitrary<bool>()) Drift(world, "s-0");
  }
}

TEST(PlannerProperties, TheSameBytesForAnyOrderOfInputAndNumberOfThreads) {
  EXPECT_TRUE(rc::check([] {
    const KindPlanners kinds = TestingPlanners();
    const Planner planner(kinds);
    World world;
    AnyHistory(world, planner);
    const std::string bytes = planner.PlanAll(world.facts()).SerializeAsString();
    FactBase other;
    CopyShuffled(world.facts(), other, *rc::gen::arbitrary<std::vector<std::size_t>>());
    RC_ASSERT(Planner(kinds, {1}).PlanAll(other).SerializeAsString() == bytes);
    RC_ASSERT(Planner(kinds, {4}).PlanAll(other).SerializeAsString() == bytes);
  }));
}

TEST(PlannerProperties, TheSameBytesInAnyLocaleThatThisHostHas) {
  const KindPlanners kinds = TestingPlanners();
  const Planner planner(kinds);
  World world;
  Wish wish;
  for (const char* name : {"i", "ii", "z", "a"}) wish.servers[name] = MakeServer(1, 1023, "ij");
  PutAll(world, wish);
  const std::string bytes = planner.PlanAll(world.facts()).SerializeAsString();
  for (const char* locale : {"C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8"}) {
    if (std::setlocale(LC_ALL, locale) == nullptr) continue;
    EXPECT_EQ(planner.PlanAll(world.facts()).SerializeAsString(), bytes) << locale;
  }
  std::setlocale(LC_ALL, "C");
}

TEST(PlannerProperties, ManyThreadsGiveTheSameBytesForManyObjects) {
  const KindPlanners kinds = TestingPlanners();
  World world;
  for (std::size_t i = 0; i < 600; ++i) world.Put("server", Numbered("s", i), MakeServer(i, 1023, "a"));
  world.SetSecret("key", 1);
  const std::string bytes = Planner(kinds, {1}).PlanAll(world.facts()).SerializeAsString();
  for (const unsigned threads : {2U, 7U}) {
    EXPECT_EQ(Planner(kinds, {threads}).PlanAll(world.facts()).SerializeAsString(), bytes);
  }
}

TEST(PlannerProperties, CarryingAPlanOutMakesTheNextOneEmpty) {
  EXPECT_TRUE(rc::check([] {
    const KindPlanners kinds = TestingPlanners();
    const Planner planner(kinds);
    World world;
    AnyHistory(world, planner);
    v1::Plan plan = planner.PlanAll(world.facts());
    world.CarryOut(plan);
    plan = planner.PlanAll(world.facts());
    for (const v1::Slice& slice : plan.slices()) RC_ASSERT(slice.actions_size() == 0);
    RC_ASSERT(world.problems().empty());
  }));
}

TEST(PlannerProperties, TheOrderHoldsEveryActionOnceAndRespectsTheGraph) {
  EXPECT_TRUE(rc::check([] {
    const KindPlanners kinds = TestingPlanners();
    const Planner planner(kinds);
    World world;
    AnyHistory(world, planner);
    const v1::Plan plan = planner.PlanAll(world.facts());
    std::map<std::string, int> place;
    for (const std::string& id : plan.order()) RC_ASSERT(place.emplace(id, place.size()).second);
    std::map<std::string, std::set<std::string>> of_object;
    std::map<std::string, std::set<std::string>> puts;
    for (const v1::Slice& slice : plan.slices()) {
      for (const v1::Action& action : slice.actions()) {
        RC_ASSERT(place.contains(action.id()));
        const std::string object = slice.object().kind() + "/" + slice.object().name();
        of_object[object].insert(action.id());
        if (action.verb() == "widget.put") puts[object].insert(action.id());
        for (const std::string& before : action.depends_on()) RC_ASSERT(place.at(before) < place.at(action.id()));
      }
    }
    RC_ASSERT(place.size() == static_cast<std::size_t>(plan.order_size()));
    // A widget is put after everything of what it needs.
    for (const auto* fact : world.facts().Objects()) {
      if (fact->input.key.kind != "widget" || fact->input.lifecycle != ObjectLifecycle::kLive) continue;
      for (const std::string& need : static_cast<const WidgetSpec&>(*fact->input.spec).needs()) {
        for (const std::string& mine : puts[fact->input.key.Text()]) {
          for (const std::string& theirs : of_object["widget/" + need]) RC_ASSERT(place.at(theirs) < place.at(mine));
        }
      }
    }
  }));
}

using Digests = std::map<ObjectKey, std::string>;

Digests DigestsOf(const Planner& planner, const FactBase& base) {
  Digests out;
  for (const auto* fact : base.Objects()) {
    out[fact->input.key] = planner.CurrentSlice(fact->input.key)->digest();
  }
  return out;
}

// Changes one fact of a world.
void ChangeOne(World& world) {
  const auto number = *rc::gen::inRange<std::size_t>(0, 2);
  const std::string server = Numbered("s", number);
  switch (*rc::gen::inRange(0, 5)) {
    case 0: Drift(world, server); break;
    case 1: world.SetSecret("key", 2); break;
    case 2: world.Put("server", server, MakeServer(number, *rc::gen::inRange(0U, 1024U) | 4U, "c")); break;
    case 3: {
      AgentInput agent = MakeTestAgent(server);
      agent.capabilities["os"] = "debian 13";
      world.facts().PutAgent(agent);
      break;
    }
    default: world.Put("widget", "new", WidgetSpec()); break;
  }
}

TEST(PlannerProperties, AChangedFactMakesJustTheSlicesStaleThatReadIt) {
  EXPECT_TRUE(rc::check([] {
    const KindPlanners kinds = TestingPlanners();
    Planner planner(kinds);
    World world;
    AnyHistory(world, planner);
    planner.Reset(world.facts());
    world.facts().TakeChangedKeys();
    const Digests before = DigestsOf(planner, world.facts());
    std::map<ObjectKey, std::set<std::string>> reads;
    for (const auto& [key, digest] : before) {
      const v1::Slice slice = *planner.CurrentSlice(key);
      for (const v1::FactRead& read : slice.reads()) reads[key].insert(read.key());
      reads[key].insert(ObjectFactKey(key));
    }
    ChangeOne(world);
    const std::vector<std::string> changed = world.facts().TakeChangedKeys();
    const PlanUpdate update = planner.Update(world.facts(), changed);
    const std::set<ObjectKey> said(update.changed.begin(), update.changed.end());
    for (const auto& [key, digest] : DigestsOf(planner, world.facts())) {
      const auto old = before.find(key);
      const bool is_new = old == before.end();
      const bool reader = is_new || std::any_of(changed.begin(), changed.end(),
                                                [&](const std::string& fact) { return reads[key].contains(fact); });
      const bool stale = is_new || old->second != digest;
      RC_ASSERT(stale == said.contains(key));
      RC_ASSERT(stale == reader);
    }
    // And what was not planned again is what planning everything gives.
    RC_ASSERT(planner.CurrentPlan().SerializeAsString() == planner.PlanAll(world.facts()).SerializeAsString());
    RC_ASSERT(std::string(planner.CurrentDigest().View()) == planner.CurrentPlan().digest());
  }));
}

TEST(PlannerProperties, APreviewIsThePlanAfterTheApply) {
  EXPECT_TRUE(rc::check([] {
    const KindPlanners kinds = TestingPlanners();
    Planner planner(kinds);
    World world;
    AnyHistory(world, planner);
    planner.Reset(world.facts());
    FactOverlay overlay(world.facts());
    std::vector<ObjectInput> puts;
    const Wish wish = AnyWish();
    for (const auto& [name, spec] : wish.servers) puts.push_back(MakeTestObject("server", name, spec));
    for (const auto& [name, spec] : wish.widgets) puts.push_back(MakeTestObject("widget", name, spec));
    for (const ObjectInput& put : puts) overlay.PutObject(put);
    std::vector<ObjectKey> touched;
    const v1::Plan preview = planner.Preview(overlay, PlanScope::All(), &touched);
    for (const ObjectInput& put : puts) world.facts().PutObject(put);
    RC_ASSERT(planner.PlanAll(world.facts()).SerializeAsString() == preview.SerializeAsString());
    const PlanUpdate update = planner.Update(world.facts(), world.facts().TakeChangedKeys());
    RC_ASSERT(update.changed == touched);
  }));
}

TEST(PlannerProperties, EveryCycleIsFoundAndOnlyItsSlicesAndThoseAfterThemAreRefused) {
  EXPECT_TRUE(rc::check([] {
    const KindPlanners kinds = TestingPlanners();
    World world;
    world.Put("server", "s", ServerSpec());
    world.Enrol("s");
    world.Observe();
    const auto count = *rc::gen::inRange<std::size_t>(1, 9);
    std::vector<std::set<std::size_t>> needs(count);
    for (auto& of_one : needs) of_one = AnyNumbers(count);
    for (std::size_t i = 0; i < count; ++i) {
      WidgetSpec spec;
      spec.add_servers("s");
      for (const std::size_t need : needs[i]) spec.add_needs(Numbered("w", need));
      world.Put("widget", Numbered("w", i), spec);
    }
    // Reachability by needing; a widget is refused when it needs one that needs itself.
    std::vector<std::vector<bool>> reach(count, std::vector<bool>(count));
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::size_t need : needs[i]) reach[i][need] = true;
    }
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < count; ++j) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
      }
    }
    const v1::Plan plan = Planner(kinds).PlanAll(world.facts());
    for (const v1::Slice& slice : plan.slices()) {
      if (slice.object().kind() != "widget") continue;
      const auto i = static_cast<std::size_t>(std::stoul(slice.object().name().substr(2)));
      bool refused = false;
      for (std::size_t j = 0; j < count; ++j) refused = refused || (reach[j][j] && (i == j || reach[i][j]));
      RC_ASSERT(slice.error().empty() != refused);
      RC_ASSERT((slice.error().find("circle") != std::string::npos) == reach[i][i]);
      RC_ASSERT((slice.actions_size() == 0) == refused);
    }
  }));
}

}  // namespace
}  // namespace podwright::planner
