// What every command has at hand, and how a command line becomes an exit code.
//
// Exit codes: 0 done; 1 failed; 2 `plan --detailed-exitcode` found changes; 64 the command line is wrong;
// 130 interrupted. Threading: one thread; the cancellation may be triggered from any other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/output.h"
#include "client/cancellation.h"
#include "client/context.h"
#include "client/control.h"
#include "core/result.h"

namespace CLI {
class App;
}
namespace podwright {
class Clock;
namespace kinds {
class Registry;
}
}  // namespace podwright

namespace podwright::cli {

class Terminal;

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kChanges = 2;
inline constexpr int kUsage = 64;
inline constexpr int kInterrupted = 130;

// What reaches out of the process; tests replace it.
struct Outside {
  client::Environment environment;
  std::function<Result<std::unique_ptr<client::Control>>(const client::Context&)> connect;
  // Replaces the process; returns only on failure.
  std::function<Status(const std::vector<std::string>& argv)> exec;
  Clock* clock = nullptr;  // borrowed
};

class App {
 public:
  using Action = std::function<Result<int>()>;

  App(Terminal& terminal, Outside outside);
  ~App();

  // The exit code. `args` without the program's name.
  int Run(const std::vector<std::string>& args);

  // ---- for commands ----
  Terminal& terminal() { return terminal_; }
  OutputFormat format() const { return format_; }
  void SetFormat(OutputFormat format) { format_ = format; }
  const kinds::Registry& kinds() const;
  Clock& clock() { return *outside_.clock; }
  const client::Environment& environment() const { return outside_.environment; }
  Status Exec(const std::vector<std::string>& argv) { return outside_.exec(argv); }
  client::Cancellation& cancellation() { return cancellation_; }
  client::CallOptions call();

  // Resolved, and connected, at the first use.
  Result<client::Context> context();
  Result<client::Control*> control();
  Result<std::string> workspace();

  // Called by the chosen command's callback: what to do once the line is parsed.
  void Choose(Action action) { action_ = std::move(action); }
  // JSON or YAML to standard output; false when a table is wanted, and nothing was written.
  bool PrintStructured(const Json& value);

 private:
  void Build(CLI::App& root);
  int Finish(const Result<int>& result);

  Terminal& terminal_;
  Outside outside_;
  client::Cancellation cancellation_;
  client::Settings settings_;
  OutputFormat format_ = OutputFormat::kTable;
  Action action_;
  std::unique_ptr<client::Control> control_;
};

}  // namespace podwright::cli
