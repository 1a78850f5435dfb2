// How the real host runs the machine's own programs: plain language, no terminal, a deadline.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/process.h"

namespace podwright::host {

ProcessRequest Program(std::vector<std::string> argv, std::chrono::seconds limit = std::chrono::seconds(60));
// Success, or an error with the program's own last words.
Status RunProgram(std::vector<std::string> argv, std::chrono::seconds limit = std::chrono::seconds(60));

}  // namespace podwright::host
