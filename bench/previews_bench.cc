// Previews of 100 pull requests that are opened at once, each with its own plan: how long until the last one has its
// status and its comment, on a clock moved by hand, with GitHub's limits (80 writes a minute, 500 an hour, a second
// apart) kept by the forge's own pacer; and how long the machine itself worked for it.
#include <benchmark/benchmark.h>

#include "reconciler/previews/testing/preview_world.h"

namespace podwright::bench {
namespace {

using Seconds = std::chrono::duration<double>;

// The most writes within any `window`.
double Most(const std::vector<SteadyTime>& writes, std::chrono::seconds window) {
  std::size_t most = 0;
  for (std::size_t i = 0, first = 0; i < writes.size(); ++i) {
    while (writes[i] - writes[first] >= window) ++first;
    most = std::max(most, i - first + 1);
  }
  return static_cast<double>(most);
}

void PullRequestsAtOnce(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    auto world = std::make_unique<previews::testing::PreviewWorld>();
    world->Begin();
    for (int i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      world->Open("change-" + n, "web.yaml", previews::testing::ServerDocument("web", "changed " + n));
    }
    const SteadyTime begin = world->world.clock.Steady();
    state.ResumeTiming();
    world->Pass(std::chrono::minutes(count / 8 + 2));
    state.PauseTiming();
    const auto writes = world->forge.writes();
    if (writes.size() != static_cast<std::size_t>(2 * count)) state.SkipWithError("not every pull request is answered");
    if (!writes.empty()) {
      state.counters["last_status_s"] = Seconds(world->forge.statuses().back().at - begin).count();
      state.counters["last_s"] = Seconds(writes.back() - begin).count();
      state.counters["most_a_minute"] = Most(writes, std::chrono::seconds(60));
      state.counters["most_an_hour"] = Most(writes, std::chrono::hours(1));
    }
    world.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(PullRequestsAtOnce)->Arg(100)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace podwright::bench
