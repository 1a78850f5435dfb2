#include "provider/sdk/plugin/author_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "provider/sdk/plugin/environment.h"

namespace podwright::sdk::plugin {
namespace {

int g_host_stdout = STDOUT_FILENO;  // set before main, then constant but for GiveBack

// Before all constructors that have no such number, so that what they print is no handshake.
[[gnu::constructor(101)]] void KeepStdoutForTheHandshake() {
  if (!IsHostsCookie(std::getenv("TF_PLUGIN_MAGIC_COOKIE"))) return;
  const int kept = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (kept < 0) return;
  g_host_stdout = kept;
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  // A line is to reach the log when it is printed, not when the process ends.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

}  // namespace

int AuthorOutput::HostStdout() {
  return g_host_stdout;
}

void AuthorOutput::GiveBack() {
  if (g_host_stdout == STDOUT_FILENO) return;
  std::fflush(stdout);
  ::dup2(g_host_stdout, STDOUT_FILENO);
  ::close(g_host_stdout);
  g_host_stdout = STDOUT_FILENO;
}

Status AuthorOutput::Start(Sink sink) {
  std::array<int, 2> pipe{-1, -1};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return ErrnoError(errno, "pipe");
  read_fd_ = pipe[0];
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC);
  if (wake_fd_ < 0) {
    const Status failed = ErrnoError(errno, "eventfd");
    ::close(pipe[0]);
    ::close(pipe[1]);
    return failed;
  }
  ::fcntl(read_fd_, F_SETFL, O_NONBLOCK);
  sink_ = std::move(sink);
  std::fflush(stdout);
  ::dup2(pipe[1], STDOUT_FILENO);
  ::close(pipe[1]);
  pump_ = std::thread([this] { Pump(); });
  return Ok();
}

void AuthorOutput::Stop() {
  if (!pump_.joinable()) return;
  std::fflush(stdout);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);  // an empty counter takes it
  pump_.join();
  ::close(read_fd_);
  ::close(wake_fd_);
}

void AuthorOutput::Pump() {
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const ssize_t got = ::read(read_fd_, buffer.data(), buffer.size());
    if (got > 0) {
      sink_({buffer.data(), static_cast<std::size_t>(got)});
      continue;
    }
    if (got == 0) return;
    std::array<pollfd, 2> waiting{pollfd{read_fd_, POLLIN, 0}, pollfd{wake_fd_, POLLIN, 0}};
    ::poll(waiting.data(), waiting.size(), -1);
    // Woken with nothing more to read: what was printed before Stop has been read.
    if ((waiting[1].revents & POLLIN) != 0 && (waiting[0].revents & POLLIN) == 0) return;
  }
}

}  // namespace podwright::sdk::plugin
