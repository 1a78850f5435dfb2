#include "core/fault.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>

namespace podwright::fault {

namespace {
struct Armed {
  std::atomic<int> point{-1};  // the armed point, or -1
  std::atomic<int> left{0};    // how many times it must still be reached
  std::string file;            // constant after Init
};
Armed& State() {
  static Armed* armed = new Armed;
  return *armed;
}

void Arm(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  int times = 1;
  if (const auto colon = text.rfind(':'); colon != std::string::npos) {
    times = std::atoi(text.c_str() + colon + 1);
    text.resize(colon);
  }
  for (int i = 0; i < static_cast<int>(Point::kCount); ++i) {
    if (Name(static_cast<Point>(i)) == text) {
      State().left = times > 0 ? times : 1;
      State().point = i;
    }
  }
}
}  // namespace

std::string_view Name(Point point) {
  switch (point) {
#define PW_FAULT_POINT(id, name) \
  case Point::id:                \
    return name;
#include "core/fault_points.inc"
#undef PW_FAULT_POINT
    case Point::kCount: break;
  }
  return "";
}

std::string PointsOf(Program program) {
  std::string lines;
  for (int i = 0; i < static_cast<int>(Point::kCount); ++i) {
    const std::string_view name = Name(static_cast<Point>(i));
    if (name.starts_with("agent.") == (program == Program::kAgent)) lines += std::string(name) + "\n";
  }
  return lines;
}

void Init() {
  if (const char* text = std::getenv("PODWRIGHT_FAULT"); text != nullptr) Arm(text);
  if (const char* path = std::getenv("PODWRIGHT_FAULT_FILE"); path != nullptr) {
    State().file = path;
    std::ifstream in(path);
    std::string line;
    if (in && std::getline(in, line)) Arm(line);
  }
}

void Reached(Point point) {
  Armed& state = State();
  if (state.point.load(std::memory_order_relaxed) != static_cast<int>(point)) return;
  if (state.left.fetch_sub(1) != 1) return;
  if (!state.file.empty()) unlink(state.file.c_str());
  kill(getpid(), SIGKILL);
}

}  // namespace podwright::fault
