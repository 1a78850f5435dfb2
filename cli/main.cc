// The program `podwright`.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "cli/app.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/version.h"

namespace {

using podwright::ErrnoError;
using podwright::Status;

Status Exec(const std::vector<std::string>& argv) {
  std::vector<char*> pointers;
  for (const std::string& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  return ErrnoError(errno, "start " + argv[0]);
}

}  // namespace

int main(int argc, char** argv) {
  namespace client = podwright::client;
  namespace cli = podwright::cli;
  podwright::log::Init(podwright::log::Level::kWarn, podwright::log::Format::kText);
  std::signal(SIGPIPE, SIG_IGN);
  // What gRPC has to say about a connection is in the error that the person gets.
  setenv("GRPC_VERBOSITY", "NONE", 0);

  // Interrupts go to a thread that waits for them: what is going on is broken off between two steps,
  // a second one ends the process.
  sigset_t interrupts;
  sigset_t before;
  sigemptyset(&interrupts);
  sigaddset(&interrupts, SIGINT);
  sigaddset(&interrupts, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &interrupts, &before);

  cli::Terminal terminal(std::cin, std::cout, std::cerr, cli::TerminalTraits::OfProcess());
  podwright::SystemClock clock;
  cli::Outside outside;
  outside.environment = client::ProcessEnvironment();
  outside.connect = [](const client::Context& context) {
    return client::Connect(context, "podwright-cli/" + std::string(podwright::kVersion));
  };
  outside.exec = [&before](const std::vector<std::string>& command) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return Exec(command);
  };
  outside.clock = &clock;
  cli::App app(terminal, std::move(outside));
  std::thread([&app, interrupts] {
    int signal_number = 0;
    sigwait(&interrupts, &signal_number);
    app.cancellation().Cancel();
    sigwait(&interrupts, &signal_number);
    _exit(cli::kInterrupted);
  }).detach();

  const int code = app.Run(std::vector<std::string>(argv + 1, argv + argc));
  std::cout.flush();
  // Leaves without destroying what the waiting thread still sees.
  _exit(code);
}
