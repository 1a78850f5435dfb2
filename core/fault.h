// Fault points: named places where a test can end the process, or make an operation fail.
//
// PW_FAULT(kExecutorJournalled); at a place in the code makes it one. In every build
// the environment variable PODWRIGHT_FAULT=NAME[:N] ends the process with SIGKILL when that
// point is reached for the N-th time (N from 1; 1 when absent). PODWRIGHT_FAULT_FILE=PATH: a file that
// holds the same text; it is removed just before the process dies, so the restarted process
// lives. The names are in core/fault_points.inc; a name that is not there does not
// compile, and the crash test walks that list, so a point that nothing reaches fails the test.
//
// Threading: any thread. Cost when unset: one relaxed atomic load.
#pragma once

#include <string>
#include <string_view>

namespace podwright::fault {

enum class Point : int {
#define PW_FAULT_POINT(id, name) id,
#include "core/fault_points.inc"
#undef PW_FAULT_POINT
  kCount
};

std::string_view Name(Point point);

// Which program has a point, by the first word of its name.
enum class Program { kControlPlane, kAgent };
// What the hidden command `fault-points` of either program prints: the crash test reads it.
std::string PointsOf(Program program);

// Reads the environment. Call once at the start of main; without it no point fires.
void Init();
void Reached(Point point);

}  // namespace podwright::fault

#define PW_FAULT(id) ::podwright::fault::Reached(::podwright::fault::Point::id)
