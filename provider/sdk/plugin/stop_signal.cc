#include "provider/sdk/plugin/stop_signal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace podwright::sdk::plugin {
namespace {

constexpr int kLookAtParentMs = 1000;
constexpr char kWake = '.';

std::array<std::atomic<char>, 65> g_signal_reasons{};  // by signal number; set before its handler is

void OnSignal(int signal) {
  const int saved = errno;
  const char reason = g_signal_reasons[static_cast<std::size_t>(signal)].load();
  StopSignal::Instance().Raise(static_cast<StopReason>(reason));
  errno = saved;
}

}  // namespace

const char* ReasonText(StopReason reason) {
  switch (reason) {
    case StopReason::kShutdown: return "the host asked for it";
    case StopReason::kTerminated: return "a signal";
    case StopReason::kStdioLost: return "the host's stream broke off";
    case StopReason::kParentGone: return "the host has gone";
  }
  return "";
}

StopSignal& StopSignal::Instance() {
  static StopSignal instance;
  return instance;
}

StopSignal::StopSignal() {
  std::array<int, 2> fds{-1, -1};
  if (::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) == 0) {
    read_fd_ = fds[0];
    write_fd_ = fds[1];
  }
}

void StopSignal::Raise(StopReason reason) {
  const char byte = static_cast<char>(reason);
  // A full pipe means that there is a reason in it already.
  [[maybe_unused]] const ssize_t written = ::write(write_fd_, &byte, 1);
}

StopReason StopSignal::Wait() {
  for (;;) {
    pollfd waiting{.fd = read_fd_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, parent_ == 0 ? -1 : kLookAtParentMs);
    if (parent_ != 0 && ::getppid() != parent_) return StopReason::kParentGone;
    char byte = kWake;
    if (ready <= 0 || ::read(read_fd_, &byte, 1) != 1) continue;
    if (byte != kWake) return static_cast<StopReason>(byte);
  }
}

void StopSignal::WatchParent() {
  parent_ = ::getppid();
  // The signal comes when the parent's *thread* ends; it only wakes Wait, which looks.
  HandleSignal(SIGUSR2, static_cast<StopReason>(kWake));
  ::prctl(PR_SET_PDEATHSIG, SIGUSR2);
}

void StopSignal::HandleSignal(int signal, StopReason reason) {
  g_signal_reasons[static_cast<std::size_t>(signal)] = static_cast<char>(reason);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace podwright::sdk::plugin
