#include "reconciler/daemon/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "core/version.h"
#include "reconciler/api/call_counter.h"
#include "reconciler/api/session_manager.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/sources/sources.h"

namespace podwright::daemon {
namespace {

class Text {
 public:
  void Head(std::string_view name, std::string_view type, std::string_view help) {
    text_ += "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " + std::string(name) + " " +
             std::string(type) + "\n";
  }
  void Line(std::string_view name, const std::string& labels, const std::string& value) {
    text_ += std::string(name) + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
  }
  void Gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    Head(name, "gauge", help);
    Line(name, "", std::to_string(value));
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::uint64_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t OpenFiles() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
    ++count;
  return count;
}

std::string Seconds(std::int64_t micros) {
  const std::string fraction = std::to_string(micros % 1'000'000);
  return std::to_string(micros / 1'000'000) + "." + std::string(6 - fraction.size(), '0') + fraction;
}

std::string CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
                 usage.ru_stime.tv_usec);
}

void AddSteps(const sources::Sources& sources, Text* text) {
  const auto steps = sources.Steps();
  text->Head("podwright_source_step_seconds", "summary", "How long the steps of looks at Git sources take.");
  for (const auto& [step, time] : steps) {
    const std::string labels = "step=\"" + step + "\"";
    text->Line("podwright_source_step_seconds_sum", labels, Seconds(time.sum.count()));
    text->Line("podwright_source_step_seconds_count", labels, std::to_string(time.count));
  }
}

}  // namespace

std::string MetricsText(const MetricSources& sources) {
  Text text;
  text.Head("podwright_info", "gauge", "The running release.");
  text.Line("podwright_info", std::string("version=\"") + kVersion + "\"", "1");
  text.Gauge("podwright_ready", "Whether the control plane can do its work.", sources.ready ? 1 : 0);
  text.Gauge("podwright_epoch", "The fencing epoch.", sources.control.epoch());
  text.Gauge("podwright_agent_sessions", "Streams of agents.", sources.sessions.size());
  text.Head("podwright_calls_total", "counter", "Calls of the APIs by method and gRPC status code.");
  for (const auto& [key, count] : sources.calls.Counts()) {
    text.Line("podwright_calls_total", "method=\"" + key.first + "\",code=\"" + std::to_string(key.second) + "\"",
              std::to_string(count));
  }
  if (sources.sources != nullptr) AddSteps(*sources.sources, &text);
  text.Gauge("process_resident_memory_bytes", "Resident memory.", ResidentBytes());
  text.Gauge("process_open_fds", "Open files.", OpenFiles());
  text.Head("process_cpu_seconds_total", "counter", "User and system CPU time.");
  text.Line("process_cpu_seconds_total", "", CpuSeconds());
  return text.Take();
}

}  // namespace podwright::daemon
