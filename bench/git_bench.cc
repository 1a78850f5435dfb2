// Git sources at 10,000 documents: a commit that touches one of them, until the plan stands; and one that touches
// 1,000, until their servers are as declared. Real: the repository and the fetch (libgit2, file://), the store on the
// disk under the working folder with its synced commits, sources, control plane, planner, executor. In memory: the
// agents.
//
// What was published elsewhere, for comparison: Flux 2.9 applies 1,000 Kustomizations in 4 m
// 13 s, about 4 a second, on 16 cores; Argo CD syncs 50,000 applications in 22 minutes, about 38 a second, on 3
// m5.2xlarge. Both talk to a real Kubernetes API and wait for it; here no network lies between.
#include <benchmark/benchmark.h>
#include <google/protobuf/message.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "bench/fail.h"
#include "bench/simulated_agents.h"
#include "core/clock.h"
#include "core/crypto/envelope.h"
#include "core/log.h"
#include "core/random.h"
#include "kinds/registry.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/kinds/policy.pb.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/git/library_fetcher.h"
#include "reconciler/git/testing/repository.h"
#include "reconciler/planner/kind_planner.h"
#include "reconciler/secrets/secret_store.h"
#include "reconciler/sources/sources.h"
#include "reconciler/store/sqlite_store.h"

namespace podwright::bench {
namespace {

constexpr int kDocuments = 10'000;
constexpr int kChanged = 1'000;

std::filesystem::path NewFolder() {
  std::string name = (std::filesystem::current_path() / "git-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) Fail("cannot make a folder");
  return name;
}

std::string NameOf(int place) {
  return "web-" + std::to_string(place);
}

// What podwrightd is without its listeners, with a source that has been applied.
class Heart {
 public:
  Heart() : folder_(NewFolder()), random_(7), planners_(planner::AllPlanners()) {
    log::Init(log::Level::kError, log::Format::kText);
    store_ = Must(store::SqliteStore::Open({.folder = folder_ / "data", .max_bytes = 0, .vfs = ""}, clock_));
    if (!keys_.Add("bench", crypto::SecretString(std::string(32, 'k'))).ok()) Fail("cannot make a key");
    audit_ = Must(auth::AuditLog::Open(*store_, keys_, clock_));
    secrets_ =
        std::make_unique<secrets::SecretStore>(*store_, keys_, clock_, [](const secrets::Opening&) { return Ok(); });
    for (int i = 0; i < kDocuments; ++i) {
      agents_.Add(NameOf(i));
      Write(i, "first");
    }
    repository_.Commit("first");
    control_ = Must(control::ControlPlane::Open(
        {*store_, clock_, random_, kinds::AllKinds(), planners_, *secrets_, *audit_, agents_, agents_, agents_, {}},
        {}));
    control_->Start();
    agents_.Attach(*control_);
    sources_ = std::make_unique<sources::Sources>(
        sources::Dependencies{*store_, clock_, random_, kinds::AllKinds(), *control_, fetcher_, folder_ / "mirrors"});
    sources_->Start();
    AddSource();
  }
  ~Heart() {
    sources_->Stop();
    control_->Stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Heart(const Heart&) = delete;
  Heart& operator=(const Heart&) = delete;

  // Commits that so many documents say something new.
  void Push(int count) {
    ++pushes_;
    for (int i = 0; i < count; ++i) Write(next_++ % kDocuments, "push " + std::to_string(pushes_));
    head_ = repository_.Commit("push " + std::to_string(pushes_));
  }
  // The source looks at it; answers when it is applied.
  v1::SourceView Look() {
    Must(sources_->Sync("default", "plans"));
    while (true) {
      const v1::SourceView view = Must(sources_->Get("default", "plans"));
      if (view.has_problem()) Fail(view.problem().message());
      if (view.applied().commit() == head_ && view.syncs_done() == view.syncs_asked()) return view;
      // Each question holds the lock for as long as SourceGet says: as often as people's programs ask, no oftener.
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
  void AwaitRun(const std::string& run) {
    v1::GetRunRequest request;
    request.set_workspace("default");
    request.set_id(run);
    const auto reader = Must(control_->WatchRun(admin_, request));
    while (true) {
      const auto next = reader->Next(clock_.Steady() + std::chrono::seconds(120));
      if (!next.ok()) return;  // it has ended
      if (!*next) Fail("run " + run + " does not end");
      if ((*next)->state() == v1::RUN_STATE_FAILED) Fail("run " + run + ": " + (*next)->error());
    }
  }
  std::map<std::string, sources::StepTime> Steps() const { return sources_->Steps(); }
  Clock& clock() { return clock_; }
  v1::SourceView View() { return Must(sources_->Get("default", "plans")); }

 private:
  void Write(int place, const std::string& content) {
    repository_.Write("servers/" + NameOf(place) + ".yaml",
                      "apiVersion: podwright.dev/v1\nkind: Server\nmetadata:\n  name: " + NameOf(place) +
                          "\n  labels: {tier: web}\nspec:\n  files:\n    /etc/app.conf: {content: \"" + content +
                          "\"}\n    /etc/motd: {content: hello}\n");
  }
  static void Put(v1::ApplyRequest* request, const std::string& kind, const std::string& name,
                  const google::protobuf::Message& spec) {
    v1::DesiredObject& put = *request->add_puts();
    put.set_kind(kind);
    put.set_name(name);
    put.set_spec(spec.SerializeAsString());
    put.set_schema_revision(kinds::AllKinds().Find(kind)->schema_revision());
  }
  void AddSource() {
    head_ = repository_.Head();
    v1::kinds::GitSourceSpec spec;
    spec.set_url(repository_.Url());
    spec.set_interval(86'400'000);
    v1::kinds::PolicySpec policy;
    policy.mutable_limits()->set_servers_percent(100);
    v1::ApplyRequest request;
    request.set_workspace("default");
    request.set_owner("cli:bench");
    Put(&request, "policy", "default", policy);
    Put(&request, "git_source", "plans", spec);
    Must(control_->Apply(admin_, request));
    while (!sources_->Get("default", "plans").ok()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    AwaitRun(Look().applied().run());
  }

  const std::filesystem::path folder_;
  SystemClock clock_;
  SeededRandom random_;
  git::testing::Repository repository_;
  std::unique_ptr<store::SqliteStore> store_;
  crypto::EnvelopeKeyring keys_;
  std::unique_ptr<auth::AuditLog> audit_;
  std::unique_ptr<secrets::SecretStore> secrets_;
  planner::KindPlanners planners_;
  SimulatedAgents agents_;
  git::LibraryFetcher fetcher_;
  std::unique_ptr<control::ControlPlane> control_;
  std::unique_ptr<sources::Sources> sources_;
  const control::Caller admin_{"token:bench", control::Role::kAdmin, "*", ""};
  std::string head_;
  int pushes_ = 0;
  int next_ = 0;
};

Heart& TheHeart() {
  static Heart heart;
  return heart;
}

double Milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

// The time is that from the end of the fetch until the plan stands.
void OneOfMany(benchmark::State& state) {
  Heart& heart = TheHeart();
  const auto first = heart.Steps();
  for (auto _ : state) {
    heart.Push(1);
    const auto before = heart.Steps();
    const v1::SourceView view = heart.Look();
    const auto after = heart.Steps();
    std::chrono::microseconds planned{};
    for (const char* step : {"verify", "load", "check", "candidate", "agents", "plan"}) {
      if (after.contains(step))
        planned += after.at(step).sum - (before.contains(step) ? before.at(step).sum : planned * 0);
    }
    state.SetIterationTime(static_cast<double>(planned.count()) / 1e6);
    heart.AwaitRun(view.applied().run());
  }
  const auto last = heart.Steps();
  for (const auto& [step, time] : last) {
    const auto before = first.contains(step) ? first.at(step) : sources::StepTime();
    const auto count = static_cast<double>(std::max<std::uint64_t>(time.count - before.count, 1));
    state.counters[step + "_ms"] = Milliseconds(time.sum - before.sum) / count;
  }
}
BENCHMARK(OneOfMany)->Arg(kDocuments)->UseManualTime()->Iterations(10)->Unit(benchmark::kMillisecond);

// How long people wait for `podwright source get`.
void SourceGet(benchmark::State& state) {
  Heart& heart = TheHeart();
  for (auto _ : state) benchmark::DoNotOptimize(heart.View());
}
BENCHMARK(SourceGet)->Arg(kDocuments)->UseRealTime()->Unit(benchmark::kMillisecond);

// From the sync until the run has ended: fetch, load, plan, dispatch, what agents answer, all journalled.
void Converge(benchmark::State& state) {
  Heart& heart = TheHeart();
  for (auto _ : state) {
    heart.Push(kChanged);
    const SteadyTime begin = heart.clock().Steady();
    heart.AwaitRun(heart.Look().applied().run());
    state.SetIterationTime(std::chrono::duration<double>(heart.clock().Steady() - begin).count());
  }
  state.counters["objects_per_second"] =
      benchmark::Counter(kChanged * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(Converge)->Arg(kChanged)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace podwright::bench
