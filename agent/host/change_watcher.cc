#include "agent/host/change_watcher.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace podwright::host {
namespace {

constexpr std::uint32_t kChanges =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

// Without the right to listen the poll alone notices changes of the rules.
int OpenNetlink() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (fd < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1U << (NFNLGRP_NFTABLES - 1);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

ChangeWatcher::ChangeWatcher()
    : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      netlink_(OpenNetlink()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ChangeWatcher::~ChangeWatcher() {
  for (const int fd : {inotify_, netlink_, wake_}) {
    if (fd >= 0) ::close(fd);
  }
}

void ChangeWatcher::Watch(const std::set<std::string>& folders) {
  for (auto at = watches_.begin(); at != watches_.end();) {
    if (folders.contains(at->first)) {
      ++at;
      continue;
    }
    ::inotify_rm_watch(inotify_, at->second);
    at = watches_.erase(at);
  }
  for (const std::string& folder : folders) {
    // Again for known ones too: a folder that was removed and made anew has lost its watch.
    const int watch = ::inotify_add_watch(inotify_, folder.c_str(), kChanges | IN_ONLYDIR);
    if (watch >= 0) {
      watches_[folder] = watch;
    } else {
      watches_.erase(folder);
    }
  }
}

bool ChangeWatcher::Drain(int fd) {
  std::array<char, 8192> buffer;
  bool any = false;
  for (;;) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size > 0 || (size < 0 && errno == ENOBUFS)) {
      any = true;  // an overrun is a change too
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    return any;
  }
}

bool ChangeWatcher::Wait(std::chrono::milliseconds timeout) {
  std::array<pollfd, 3> fds{{{inotify_, POLLIN, 0}, {netlink_, POLLIN, 0}, {wake_, POLLIN, 0}}};
  if (::poll(fds.data(), fds.size(), static_cast<int>(timeout.count())) <= 0) return false;
  bool changed = false;
  if (fds[0].revents != 0) changed = Drain(inotify_) || changed;
  if (fds[1].revents != 0) changed = Drain(netlink_) || changed;
  if (fds[2].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(wake_, &count, sizeof count);
  }
  return changed;
}

void ChangeWatcher::Wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_, &one, sizeof one);
}

}  // namespace podwright::host
