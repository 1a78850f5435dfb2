// An event as one line. Pure.
#pragma once

#include <string>

#include "podwright/v1/run.pb.h"

namespace podwright::cli {

class Terminal;

// "2026-11-21T03:04:05.678Z  drift.repaired  server/web-1  rewrote /etc/motd", without a newline.
std::string EventLine(const v1::Event& event, const Terminal& terminal);

}  // namespace podwright::cli
