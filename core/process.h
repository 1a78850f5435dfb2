// Runs another program: an argument vector, never a shell.
//
// The child gets its own process group, default signal handling, an empty signal mask, and no file
// descriptor but the three pipes. Its output is collected up to a limit; what is beyond is read
// and dropped, so a chatty child never blocks. When the deadline passes or the caller cancels, the
// whole group gets SIGTERM and, after `grace`, SIGKILL. When the child ends by itself, what it left
// in the background (a daemon that it started) is not touched and not waited for.
//
// A program that cannot be started is an Error; a program that ran and failed is a ProcessResult.
// Arguments are visible to every user of the machine: secrets go through stdin.
//
// Threading: any thread, any number at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace podwright {

enum class BaseEnvironment { kInherited, kEmpty };

struct ProcessRequest {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH when it has no slash
  BaseEnvironment base_environment = BaseEnvironment::kInherited;
  std::map<std::string, std::string> env;  // on top of the base
  std::string cwd;                         // empty: the caller's
  std::string stdin_bytes;
  std::optional<SteadyTime> deadline;  // by the steady clock: processes run in real time
  std::stop_token cancel;
  std::chrono::milliseconds grace{2000};     // between SIGTERM and SIGKILL
  std::size_t max_output = 8 * 1024 * 1024;  // bytes kept of each of stdout and stderr
};

struct ProcessResult {
  int exit_code = 0;  // 128 + N when signal N ended it
  std::string out;
  std::string err;
  bool timed_out = false;
  bool cancelled = false;
  bool truncated = false;  // more output than max_output

  bool Succeeded() const { return exit_code == 0 && !timed_out && !cancelled; }
};

Result<ProcessResult> RunProcess(const ProcessRequest& request);

// Standard output of a run that must succeed. Any other outcome is an Error with the program, the
// exit code and the last lines of its standard error: deadline-exceeded (retry: backoff), cancelled,
// resource-exhausted when the output was cut, and internal (retry: backoff) for a failing exit.
Result<std::string> RunForOutput(const ProcessRequest& request);

// Why `result` is not a success; for callers that looked at the exit code first.
Error ProcessFailure(const ProcessRequest& request, const ProcessResult& result);

}  // namespace podwright
