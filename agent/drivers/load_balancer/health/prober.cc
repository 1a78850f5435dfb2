#include "agent/drivers/load_balancer/health/prober.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

namespace podwright::drivers {

using std::chrono::milliseconds;

Prober::Prober(std::function<void()> news) : news_(std::move(news)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Prober::~Prober() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
  if (wake_ >= 0) ::close(wake_);
}

void Prober::Wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_, &one, sizeof one);
}

void Prober::SetTargets(const std::map<std::string, WantedProbe>& targets) {
  {
    std::lock_guard lock(mutex_);
    std::erase_if(members_, [&](const auto& entry) {
      const auto wanted = targets.find(entry.first);
      return wanted == targets.end() || !(wanted->second.target == entry.second.target);
    });
    std::erase_if(turns_, [&](const ProbeTurn& turn) { return !members_.contains(turn.id); });
    has_turns_ = !turns_.empty();
    const Time now = std::chrono::steady_clock::now();
    milliseconds stagger{0};
    for (const auto& [id, wanted] : targets) {
      if (members_.contains(id)) continue;
      const ProbeTarget& target = wanted.target;
      // Not all at the same moment, and the first ones soon.
      stagger = (stagger + milliseconds(7)) % std::min(target.interval, milliseconds(1000));
      members_.emplace(
          id, Member{target, Hysteresis(target.fall, target.rise, wanted.up), now + stagger, nullptr, std::string()});
    }
    if (!members_.empty() && !thread_.joinable()) thread_ = std::thread([this] { Run(); });
  }
  Wake();
}

std::vector<ProbeTurn> Prober::TakeTurns() {
  std::lock_guard lock(mutex_);
  has_turns_ = false;
  return std::exchange(turns_, {});
}

void Prober::Run() {
  for (;;) {
    milliseconds wait{0};
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
      wait = Begin(std::chrono::steady_clock::now());
    }
    Await(wait);
    Gather(std::chrono::steady_clock::now());
  }
}

milliseconds Prober::Begin(Time now) {
  Time next = now + milliseconds(60'000);
  running_ = static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& entry) { return entry.second.probe != nullptr; }));
  for (auto& [id, member] : members_) {
    if (!member.probe && member.due <= now && running_ < kMostAtOnce) {
      member.probe = std::make_unique<Probe>(member.target, now);
      ++running_;
    }
    if (member.probe) {
      next = std::min(next, member.probe->state() == Probe::State::kDone ? now : member.probe->deadline());
    } else {
      next = std::min(next, std::max(member.due, now + milliseconds(1)));
    }
  }
  return std::max(std::chrono::ceil<milliseconds>(next - now), milliseconds(0));
}

void Prober::Await(milliseconds wait) {
  std::vector<pollfd> fds{{wake_, POLLIN, 0}};
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, member] : members_) {
      if (!member.probe || member.probe->fd() < 0) continue;
      const short event = member.probe->state() == Probe::State::kReading ? POLLIN : POLLOUT;
      fds.push_back({member.probe->fd(), event, 0});
    }
  }
  // A socket that SetTargets closes meanwhile is told by the wake, or is looked at once for nothing.
  ::poll(fds.data(), fds.size(), static_cast<int>(wait.count()));
  if (fds.front().revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(wake_, &count, sizeof count);
  }
}

void Prober::Gather(Time now) {
  bool turned = false;
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, member] : members_) {
      if (!member.probe) continue;
      member.probe->Advance(now);
      if (member.probe->state() != Probe::State::kDone) continue;
      turned = Note(id, member) || turned;
      member.probe.reset();
      member.due = std::max(member.due + member.target.interval, now);
    }
    if (turned) has_turns_ = true;
  }
  if (turned && news_) news_();
}

bool Prober::Note(const std::string& id, Member& member) {
  const Probe& probe = *member.probe;
  const bool turned = member.health.Note(probe.ok());
  // A short silence takes back nothing that was told; a long one does.
  const bool told = member.target.type == ProbeType::kRoles && probe.ok() && probe.answer() != member.answer;
  if (!turned && !told) return false;
  member.answer = probe.ok() ? probe.answer() : "";
  turns_.push_back({id, member.target.type, told || member.health.up(), probe.why(), member.answer});
  return true;
}

}  // namespace podwright::drivers
