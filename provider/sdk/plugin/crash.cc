#include "provider/sdk/plugin/crash.h"

#include <unistd.h>
#include <unwind.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

namespace podwright::sdk::plugin {
namespace {

// Written once before threads; read when nothing else can be trusted, so no std::string.
std::array<char, 128> g_program{};
std::array<char, 128> g_socket{};
std::atomic_flag g_reported = ATOMIC_FLAG_INIT;
std::array<char, 64 * 1024> g_signal_stack;

void Put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void PutHex(std::uintptr_t value) {
  std::array<char, 18> text{};
  std::size_t at = text.size();
  do {
    text[--at] = "0123456789abcdef"[value & 0xFU];
    value >>= 4U;
  } while (value != 0);
  text[--at] = 'x';
  text[--at] = '0';
  Put({text.data() + at, text.size() - at});
}

_Unwind_Reason_Code PutFrame(_Unwind_Context* context, void* count) {
  auto& frames = *static_cast<int*>(count);
  const std::uintptr_t address = _Unwind_GetIP(context);
  if (address == 0 || ++frames > 64) return _URC_END_OF_STACK;
  Put("  at ");
  PutHex(address);
  Put("\n");
  return _URC_NO_REASON;
}

void Report(std::string_view what, std::string_view detail) {
  if (g_reported.test_and_set()) return;  // a crash while reporting one
  Put("panic: ");
  Put(what);
  Put(detail);
  Put("\n\n");
  Put(g_program.data());
  Put(" ended. Please report this, with these addresses:\n");
  int frames = 0;
  _Unwind_Backtrace(PutFrame, &frames);
  if (g_socket[0] != '\0') ::unlink(g_socket.data());
}

void OnTerminate() {
  if (const std::exception_ptr current = std::current_exception()) {
    try {
      std::rethrow_exception(current);
    } catch (const std::exception& e) {
      Report("unhandled exception: ", e.what());
    } catch (...) {
      Report("unhandled exception", "");
    }
  } else {
    Report("terminated", "");
  }
  std::_Exit(2);
}

std::string_view SignalName(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    default: return "SIGABRT";
  }
}

void OnFatalSignal(int signal) {
  Report("signal ", SignalName(signal));
  std::_Exit(2);
}

}  // namespace

void RemoveSocketOnCrash(const std::string& path) {
  std::strncpy(g_socket.data(), path.c_str(), g_socket.size() - 1);
}

void InstallCrashReport(const std::string& program) {
  std::strncpy(g_program.data(), program.c_str(), g_program.size() - 1);
  std::set_terminate(OnTerminate);
  stack_t stack{};
  stack.ss_sp = g_signal_stack.data();
  stack.ss_size = g_signal_stack.size();
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = OnFatalSignal;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigaction(signal, &action, nullptr);
}

}  // namespace podwright::sdk::plugin
