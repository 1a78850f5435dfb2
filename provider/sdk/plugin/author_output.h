// AuthorOutput: what the provider's own code prints to stdout, which is not its own to use: there the host reads the
// handshake, and afterwards nothing.
//
// In a process that a host has started, stdout leads to stderr, which the host logs, from before main and before any
// constructor of the author's. From Start on it leads to a sink, and from Stop on to stderr again. Elsewhere stdout
// is left alone. Start and Stop are for one thread.
#pragma once

#include <functional>
#include <string_view>
#include <thread>

#include "core/result.h"

namespace podwright::sdk::plugin {

class AuthorOutput {
 public:
  using Sink = std::function<void(std::string_view bytes)>;

  AuthorOutput() = default;
  ~AuthorOutput() { Stop(); }
  AuthorOutput(const AuthorOutput&) = delete;
  AuthorOutput& operator=(const AuthorOutput&) = delete;

  // Where the host reads the handshake.
  static int HostStdout();
  // Leaves stdout to whoever prints: a person reads it.
  static void GiveBack();

  // `sink` is called with what is printed from now on, on a thread of its own. Fails where there are no more files.
  Status Start(Sink sink);
  // All that was printed is in the sink when this returns.
  void Stop();

 private:
  void Pump();

  Sink sink_;
  int read_fd_ = -1;
  int wake_fd_ = -1;
  std::thread pump_;
};

}  // namespace podwright::sdk::plugin
