// Asks the members of backends again and again, on a thread of its own, and tells what has turned: a member
// went down or came up (hysteresis), a server tells other roles.
//
// Threading: any thread. The thread starts with the first target and ends with the object. `news` is called
// on it: it only wakes.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/drivers/load_balancer/health/hysteresis.h"
#include "agent/drivers/load_balancer/health/probe.h"

namespace podwright::drivers {

struct ProbeTurn {
  std::string id;
  ProbeType type = ProbeType::kTcp;
  bool up = false;
  std::string why;     // it is down
  std::string answer;  // of roles, while they are told
};

struct WantedProbe {
  ProbeTarget target;
  bool up = true;  // what is taken for true at first
};

// What the driver sees of it; tests have one of their own.
class Probing {
 public:
  virtual ~Probing() = default;
  // Exactly these from now on, by id. One whose target is the same goes on as it was.
  virtual void SetTargets(const std::map<std::string, WantedProbe>& targets) = 0;
  // What has turned since, in order. A target that was taken away has no turns any more.
  virtual std::vector<ProbeTurn> TakeTurns() = 0;
  virtual bool HasTurns() const = 0;
};

class Prober final : public Probing {
 public:
  explicit Prober(std::function<void()> news);
  ~Prober() override;
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void SetTargets(const std::map<std::string, WantedProbe>& targets) override;
  std::vector<ProbeTurn> TakeTurns() override;
  bool HasTurns() const override { return has_turns_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMostAtOnce = 256;
  struct Member {
    ProbeTarget target;
    Hysteresis health;
    Time due;
    std::unique_ptr<Probe> probe;
    std::string answer;  // of roles, as it was told last
  };

  void Run();
  std::chrono::milliseconds Begin(Time now);  // mutex_ held; how long nothing is due
  void Await(std::chrono::milliseconds wait);
  void Gather(Time now);
  bool Note(const std::string& id, Member& member);  // mutex_ held
  void Wake();

  const std::function<void()> news_;
  int wake_ = -1;
  std::atomic<bool> has_turns_{false};

  std::mutex mutex_;
  bool stop_ = false;  // protected by mutex_, as all below
  std::map<std::string, Member> members_;
  std::vector<ProbeTurn> turns_;
  std::size_t running_ = 0;
  std::thread thread_;
};

}  // namespace podwright::drivers
