// Wakes who waits when something of the server may have changed: entries of watched folders (inotify),
// nftables (netlink), or another thread that calls Wake. It says that something changed, not what.
//
// Threading: Watch and Wait from one thread; Wake from any.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

namespace podwright::host {

class ChangeWatcher {
 public:
  ChangeWatcher();
  ~ChangeWatcher();
  ChangeWatcher(const ChangeWatcher&) = delete;
  ChangeWatcher& operator=(const ChangeWatcher&) = delete;

  // Exactly these folders from now on. One that is not there is looked for again at the next call.
  void Watch(const std::set<std::string>& folders);
  // True when something changed; false when `timeout` passed or only Wake was called.
  bool Wait(std::chrono::milliseconds timeout);
  void Wake();

 private:
  bool Drain(int fd);

  int inotify_ = -1;
  int netlink_ = -1;
  int wake_ = -1;
  std::map<std::string, int> watches_;
};

}  // namespace podwright::host
