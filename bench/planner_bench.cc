// How long planning takes, on one core. A sixth of the objects are servers with a package, two files and
// a unit; the rest are widgets, each on two servers and needing two widgets of the layer before: the mean
// degree and the depth are among the counters.
//
//   ColdPlan        facts are there, nothing else: the whole plan, everything is to be done
//   ColdConverged   the same, nothing is to be done
//   OneChange       a kept plan of a converged installation; one object drifts: the whole plan again
//   OneChangeBusy   a kept plan where everything is to be done; one fact changes: the digest of the whole,
//                   and the plan of that object with all that it depends on
//   Preview         the same installation, the plan that one put would make
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/planner.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

constexpr std::size_t kLayers = 8;
constexpr std::size_t kServersIn = 6;  // one object in so many

struct Shape {
  std::size_t objects = 0;
  std::size_t edges = 0;
  double Degree() const { return static_cast<double>(edges) / static_cast<double>(objects); }
};

v1::kinds::ServerSpec MakeServer(std::size_t number) {
  v1::kinds::ServerSpec spec;
  (*spec.mutable_packages())["nginx"];
  (*spec.mutable_files())["/etc/nginx/nginx.conf"].set_content("worker_processes " + std::to_string(number) + ";\n");
  (*spec.mutable_files())["/etc/nginx/nginx.conf"].add_reloads("nginx.service");
  (*spec.mutable_files())["/etc/motd"].set_content("server " + std::to_string(number) + "\n");
  (*spec.mutable_units())["nginx.service"];
  return spec;
}

std::string Name(const char* word, std::size_t number) {
  return word + std::to_string(number);
}

Shape Fill(World& world, std::size_t objects) {
  Shape shape{objects, 0};
  const std::size_t servers = objects / kServersIn;
  const std::size_t widgets = objects - servers;
  const std::size_t layer = widgets / kLayers;
  for (std::size_t i = 0; i < servers; ++i) {
    world.Put("server", Name("s", i), MakeServer(i));
    world.Enrol(Name("s", i));
  }
  for (std::size_t i = 0; i < widgets; ++i) {
    podwright::testing::WidgetSpec spec;
    spec.set_payload("x");
    for (const std::size_t server : {i * 7 % servers, (i * 7 + 3) % servers}) spec.add_servers(Name("s", server));
    if (i >= layer) {
      const std::size_t before = (i / layer - 1) * layer;
      for (const std::size_t need : {i * 13 % layer, (i * 13 + 5) % layer}) spec.add_needs(Name("w", before + need));
    }
    shape.edges += static_cast<std::size_t>(spec.servers_size() + spec.needs_size());
    world.Put("widget", Name("w", i), spec);
  }
  return shape;
}

// What every server would tell when all is done; World::CarryOut is not made for so many.
void Converge(World& world, std::size_t objects) {
  const std::size_t servers = objects / kServersIn;
  for (const auto* fact : world.facts().Objects()) {
    const ObjectKey key = fact->input.key;
    if (key.kind == "widget") {
      podwright::testing::WidgetObserved observed;
      observed.set_payload("x");
      const auto& spec = static_cast<const podwright::testing::WidgetSpec&>(*fact->input.spec);
      for (const std::string& server : spec.servers()) {
        world.facts().PutObserved(MakeTestObserved(key, server, observed));
      }
    }
  }
  for (std::size_t i = 0; i < servers; ++i) {
    const v1::kinds::ServerSpec spec = MakeServer(i);
    v1::kinds::ServerObserved observed;
    (*observed.mutable_packages())["nginx"] = "1.22";
    for (const auto& [path, wanted] : spec.files()) {
      auto& file = (*observed.mutable_files())[path];
      file.set_sha256(Sha256(wanted.content()).Hex());
      file.set_mode("0644");
      file.set_owner("root");
      file.set_group("root");
      file.set_type("file");
    }
    auto& unit = (*observed.mutable_units())["nginx.service"];
    unit.set_load_state("loaded");
    unit.set_active(true);
    unit.set_enabled(true);
    world.facts().PutObserved(MakeTestObserved({"server", Name("s", i)}, Name("s", i), observed));
  }
}

void Count(benchmark::State& state, const Shape& shape, const v1::Plan& plan) {
  state.counters["degree"] = shape.Degree();
  state.counters["depth"] = static_cast<double>(kLayers + 1);
  state.counters["actions"] = plan.order_size();
}

// Without taking the last turn's plan apart again. Once before: to get memory from the kernel, which takes longer the
// more of it there is, is not planning.
void TimePlans(benchmark::State& state, const Planner& planner, World& world) {
  v1::Plan plan = planner.PlanAll(world.facts());
  plan = {};
  for (auto _ : state) {
    plan = planner.PlanAll(world.facts());
    state.PauseTiming();
    plan = {};
    state.ResumeTiming();
  }
}

void ColdPlan(benchmark::State& state) {
  const KindPlanners kinds = TestingPlanners();
  const Planner planner(kinds);
  World world;
  const Shape shape = Fill(world, static_cast<std::size_t>(state.range(0)));
  TimePlans(state, planner, world);
  Count(state, shape, planner.PlanAll(world.facts()));
}
BENCHMARK(ColdPlan)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void ColdConverged(benchmark::State& state) {
  const KindPlanners kinds = TestingPlanners();
  const Planner planner(kinds);
  World world;
  const Shape shape = Fill(world, static_cast<std::size_t>(state.range(0)));
  Converge(world, static_cast<std::size_t>(state.range(0)));
  TimePlans(state, planner, world);
  Count(state, shape, planner.PlanAll(world.facts()));
}
BENCHMARK(ColdConverged)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// A payload that no other turn had.
ObservedInput Drifted(std::size_t turn) {
  podwright::testing::WidgetObserved observed;
  observed.set_payload("turn " + std::to_string(turn));
  return MakeTestObserved({"widget", "w77"}, "s539", observed);
}

void OneChange(benchmark::State& state) {
  const KindPlanners kinds = TestingPlanners();
  Planner planner(kinds);
  World world;
  const Shape shape = Fill(world, static_cast<std::size_t>(state.range(0)));
  Converge(world, static_cast<std::size_t>(state.range(0)));
  planner.Reset(world.facts());
  world.facts().TakeChangedKeys();
  std::size_t turn = 0;
  for (auto _ : state) {
    world.facts().PutObserved(Drifted(++turn));
    planner.Update(world.facts(), world.facts().TakeChangedKeys());
    benchmark::DoNotOptimize(planner.CurrentPlan());
  }
  Count(state, shape, planner.CurrentPlan());
}
BENCHMARK(OneChange)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void OneChangeBusy(benchmark::State& state) {
  const KindPlanners kinds = TestingPlanners();
  Planner planner(kinds);
  World world;
  const auto objects = static_cast<std::size_t>(state.range(0));
  const Shape shape = Fill(world, objects);
  planner.Reset(world.facts());
  world.facts().TakeChangedKeys();
  const PlanScope scope = PlanScope::Of({{"widget", "w77"}});
  std::size_t turn = 0;
  for (auto _ : state) {
    world.facts().PutObserved(Drifted(++turn));
    planner.Update(world.facts(), world.facts().TakeChangedKeys());
    benchmark::DoNotOptimize(planner.CurrentDigest());
    benchmark::DoNotOptimize(planner.CurrentPlan(scope));
  }
  Count(state, shape, planner.CurrentPlan(scope));
}
BENCHMARK(OneChangeBusy)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void Preview(benchmark::State& state) {
  const KindPlanners kinds = TestingPlanners();
  Planner planner(kinds);
  World world;
  const Shape shape = Fill(world, static_cast<std::size_t>(state.range(0)));
  Converge(world, static_cast<std::size_t>(state.range(0)));
  planner.Reset(world.facts());
  const ObjectKey key{"widget", "w77"};
  podwright::testing::WidgetSpec spec =
      static_cast<const podwright::testing::WidgetSpec&>(*world.facts().FindObject(key)->input.spec);
  spec.set_payload("another");
  const auto plan = [&] {
    FactOverlay overlay(world.facts());
    overlay.PutObject(MakeTestObject("widget", "w77", spec));
    return planner.Preview(overlay, PlanScope::Of({key}));
  };
  for (auto _ : state) benchmark::DoNotOptimize(plan());
  Count(state, shape, plan());
}
BENCHMARK(Preview)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace podwright::planner
