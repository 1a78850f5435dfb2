// Control plane and agent over the real wire, gRPC with mutual TLS, podwrightd in this process, its store on the
// disk under the working folder.
//
//   ApplyToAgent  a managed file changes: from the client's call of Apply until the agent has the action in hand
//                 (received), and until the run has ended (done). The agent's engine and session are real, its host
//                 is in memory. One apply after another.
//   AgentIdle     the program podwright-agent beside this one, connected, with one managed file and nothing to do:
//                 its resident memory and its share of one core.
#include <benchmark/benchmark.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "agent/drivers/registry.h"
#include "agent/engine/engine.h"
#include "agent/host/memory_host.h"
#include "agent/journal/journal.h"
#include "agent/session/enrolment.h"
#include "agent/session/session.h"
#include "bench/installation.h"
#include "core/file.h"

namespace podwright::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr char kServer[] = "bench-1";

// The server's driver, which notes when an action is taken in hand: before the agent journals and does it.
class TimedDriver final : public drivers::Driver {
 public:
  TimedDriver(std::unique_ptr<drivers::Driver> driver, std::atomic<Clock::rep>& received)
      : driver_(std::move(driver)), received_(received) {}

  std::string Kind() const override { return driver_->Kind(); }
  std::vector<std::string> Verbs() const override { return driver_->Verbs(); }
  Result<drivers::Observation> Observe(const v1::ObjectState& state, const std::string& spec) override {
    return driver_->Observe(state, spec);
  }
  drivers::Watches Watch(const v1::ObjectState& state) override { return driver_->Watch(state); }
  Result<std::string> Fact(const std::string& fact, const v1::ObjectState& state) override {
    return driver_->Fact(fact, state);
  }
  Result<drivers::Proof> Prove(const v1::Dispatch& dispatch, const v1::ObjectState& state) override {
    received_ = Clock::now().time_since_epoch().count();
    return driver_->Prove(dispatch, state);
  }
  Result<drivers::Done> Execute(const drivers::ActionContext& context, v1::ObjectState& state) override {
    return driver_->Execute(context, state);
  }
  std::vector<drivers::Repair> RepairDrift(v1::ObjectState& state,
                                           const std::function<bool(const std::string&)>& permit) override {
    return driver_->RepairDrift(state, permit);
  }

 private:
  const std::unique_ptr<drivers::Driver> driver_;
  std::atomic<Clock::rep>& received_;
};

// An agent on two threads, as its program has them, over a host in memory.
class LocalAgent {
 public:
  LocalAgent(Installation& installation, std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    auto identity = Must(agent::Enrol(installation.EnrolmentToken(kServer), folder_, "0.1.0", clock_));
    environment_ = std::make_unique<drivers::Environment>(drivers::Environment{
        host_.View(), clock_, nullptr, [](std::chrono::milliseconds) { return true; }, "key", folder_});
    drivers_ = drivers::MakeDrivers(*environment_);
    drivers_["server"] = std::make_unique<TimedDriver>(std::move(drivers_["server"]), received_);
    journal_ = Must(agent::Journal::Open(folder_));
    agent::EngineOptions options;
    options.version = "0.1.0";
    options.server = kServer;
    options.state_folder = folder_;
    engine_ = std::make_unique<agent::Engine>(options, host_.View(), drivers_, *journal_, clock_);
    engine_->SetWaker([this] { Wake(); });
    agent::SessionOptions session;
    session.state_folder = folder_;
    session_ = std::make_unique<agent::Session>(session, std::move(identity), *engine_, clock_, random_);
    worker_ = std::thread([this] { Work(); });
    talker_ = std::thread([this] { session_->Run(); });
  }
  ~LocalAgent() {
    stop_ = true;
    Wake();
    session_->Stop();
    talker_.join();
    worker_.join();
  }
  LocalAgent(const LocalAgent&) = delete;
  LocalAgent& operator=(const LocalAgent&) = delete;

  Clock::time_point received() const { return Clock::time_point(Clock::duration(received_.load())); }

 private:
  void Wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  void Work() {
    while (!stop_) {
      const auto rest = engine_->Step();
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, rest, [this] { return woken_; });
      woken_ = false;
    }
  }

  const std::string folder_;
  SystemClock clock_;
  SystemRandom random_;
  host::MemoryHost host_;
  std::unique_ptr<drivers::Environment> environment_;
  std::atomic<Clock::rep> received_{0};
  drivers::Registry drivers_;
  std::unique_ptr<agent::Journal> journal_;
  std::unique_ptr<agent::Engine> engine_;
  std::unique_ptr<agent::Session> session_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;  // protected by mutex_
  std::thread worker_;
  std::thread talker_;
};

void CountPercentiles(benchmark::State& state, const std::string& name, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](std::size_t percent) { return times[(times.size() - 1) * percent / 100]; };
  state.counters[name + "_p50_ms"] = at(50);
  state.counters[name + "_p99_ms"] = at(99);
}

void ApplyToAgent(benchmark::State& state) {
  Installation installation;
  const LocalAgent agent(installation, installation.folder() / "agent");
  installation.AwaitAgent(kServer);
  int turn = 0;
  std::vector<double> received;
  std::vector<double> done;
  const auto change = [&] {
    const auto request = installation.FileOn(kServer, "/etc/bench.conf", "turn " + std::to_string(++turn) + "\n");
    const auto begun = Clock::now();
    const v1::ApplyResponse response = Must(installation.control().Apply(request));
    if (response.run().empty()) Fail("an apply made no run");
    installation.AwaitRun(response.run());
    received.push_back(Milliseconds(agent.received() - begun).count());
    done.push_back(Milliseconds(Clock::now() - begun).count());
    if (received.back() <= 0) Fail("a run ended without an action at the agent");
  };
  for (int i = 0; i < 5; ++i) change();  // connections are made, the file is there
  received.clear();
  done.clear();
  for (auto _ : state) {
    change();
    state.SetIterationTime(received.back() / 1000);
  }
  CountPercentiles(state, "received", received);
  CountPercentiles(state, "done", done);
}
BENCHMARK(ApplyToAgent)->Iterations(200)->UseManualTime()->Unit(benchmark::kMillisecond);

// podwright-agent as a process; ends with this object.
class AgentProgram {
 public:
  AgentProgram(const std::filesystem::path& state, const std::filesystem::path& token) {
    const std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "../bin/podwright-agent";
    std::vector<std::string> words = {program, "--log-level", "error", "--state", state, "run", "--token-file", token};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv.data(), environ) != 0)
      Fail("cannot start " + program);
  }
  ~AgentProgram() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  AgentProgram(const AgentProgram&) = delete;
  AgentProgram& operator=(const AgentProgram&) = delete;

  double ResidentMegabytes() const {
    std::ifstream status(Proc("status"));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
    }
    Fail("podwright-agent has ended");
  }
  // User and system time of it and of what it started.
  double CpuSeconds() const {
    std::ifstream file(Proc("stat"));
    std::ostringstream text;
    text << file.rdbuf();
    std::istringstream fields(text.str().substr(text.str().rfind(')') + 1));
    std::vector<std::string> values{std::istream_iterator<std::string>(fields), {}};
    constexpr std::size_t kUserTime = 11;  // utime, stime, cutime, cstime: fields 14 to 17 of proc(5)
    if (values.size() < kUserTime + 4) Fail("podwright-agent has ended");
    double ticks = 0;
    for (std::size_t i = 0; i < 4; ++i) ticks += std::stod(values[kUserTime + i]);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

 private:
  std::string Proc(const char* file) const { return "/proc/" + std::to_string(pid_) + "/" + file; }
  pid_t pid_ = 0;
};

void AgentIdle(benchmark::State& state) {
  constexpr std::chrono::seconds kSettle{5};
  constexpr std::chrono::seconds kWatched{30};
  Installation installation;
  const auto token = installation.folder() / "token";
  if (!ReplaceFile(token, installation.EnrolmentToken(kServer), 0600).ok()) Fail("cannot write the token");
  const AgentProgram agent(installation.folder() / "agent", token);
  installation.AwaitAgent(kServer);
  const std::string file = installation.folder() / "managed.conf";
  installation.AwaitRun(Must(installation.control().Apply(installation.FileOn(kServer, file, "managed\n"))).run());
  std::this_thread::sleep_for(kSettle);
  for (auto _ : state) {
    const double before = agent.CpuSeconds();
    std::this_thread::sleep_for(kWatched);
    state.counters["cpu_percent"] = (agent.CpuSeconds() - before) / static_cast<double>(kWatched.count()) * 100;
    state.counters["rss_mb"] = agent.ResidentMegabytes();
  }
}
BENCHMARK(AgentIdle)->Iterations(1)->Repetitions(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace podwright::bench
