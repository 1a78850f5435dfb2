// How often repairs may happen: so many in a row, then a steady rate; and an item that must be
// repaired again and again waits longer each time. Pure but for the times it is given; one thread.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "core/clock.h"

namespace podwright::agent {

class RepairLimits {
 public:
  struct Options {
    int burst = 30;
    std::chrono::milliseconds refill{2000};       // one more repair each
    std::chrono::milliseconds first_pause{2000};  // of one item, doubled by each repair
    std::chrono::milliseconds longest_pause{300'000};
    std::chrono::milliseconds forget{600'000};  // an item that kept still so long begins anew
  };
  RepairLimits() : RepairLimits(Options()) {}
  explicit RepairLimits(Options options) : options_(options), tokens_(options.burst) {}

  // Takes a token when the item may be repaired now.
  bool Permit(const std::string& item, SteadyTime now);
  // When an item that was refused may be tried again, at the earliest.
  SteadyTime NextTry(SteadyTime now) const;

 private:
  struct Item {
    int repairs = 0;
    SteadyTime last;
    SteadyTime next;
  };
  void Refill(SteadyTime now);

  Options options_;
  int tokens_;
  SteadyTime refilled_;
  std::map<std::string, Item> items_;
};

}  // namespace podwright::agent
