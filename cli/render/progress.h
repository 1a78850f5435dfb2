// A run while it goes on: on a terminal a few lines that are drawn again, elsewhere one plain line for every
// change of an action. Threading: one thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "podwright/v1/run.pb.h"

namespace podwright::cli {

class Terminal;

class RunProgress {
 public:
  // `quiet` writes nothing (structured output is wanted).
  RunProgress(Terminal& terminal, bool quiet) : terminal_(terminal), quiet_(quiet) {}

  void Update(const v1::Run& run);
  // The end in words: state, errors, estimated and measured downtime.
  void Finish(const v1::Run& run);

 private:
  void Announce(const v1::ActionRecord& record);
  void Redraw(const v1::Run& run);
  void ClearDrawn();

  Terminal& terminal_;
  bool quiet_;
  int drawn_lines_ = 0;
  std::set<std::string> waited_for_;
  std::map<std::string, std::string> announced_;  // by action: its last announced state and attempt
};

}  // namespace podwright::cli
