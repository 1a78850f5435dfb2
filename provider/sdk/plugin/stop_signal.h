// StopSignal: why the plugin should end, whoever says so first.
//
// Raise may be called from any thread and from signal handlers; Wait from one thread, the main one.
#pragma once

namespace podwright::sdk::plugin {

enum class StopReason : char {
  kShutdown = 'S',    // the host's Shutdown RPC
  kTerminated = 'T',  // SIGTERM, or Ctrl-C when debugging
  kStdioLost = 'L',   // the host's stdio stream broke off
  kParentGone = 'P',  // the process that started us has ended
};

// "the host asked for it": for the log.
const char* ReasonText(StopReason reason);

class StopSignal {
 public:
  // One a process: signal handlers need a place that is known.
  static StopSignal& Instance();

  void Raise(StopReason reason);
  // kParentGone is found here by looking, whether or not the kernel's signal came.
  StopReason Wait();

  // The kernel tells when the parent's thread ends; from then on the parent itself is looked at.
  void WatchParent();
  void HandleSignal(int signal, StopReason reason);

 private:
  StopSignal();
  int read_fd_ = -1;
  int write_fd_ = -1;
  int parent_ = 0;  // 0: not watched
};

}  // namespace podwright::sdk::plugin
