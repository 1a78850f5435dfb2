// One nginx of a load balancer on this server: its files, its unit, and the transaction that changes them. Internal to
// the driver.
//
// A change is written, tested by nginx, loaded, and confirmed by new workers that answer the new generation; else the
// files of before are back and in use, and the error has nginx's own words. A start is the same without workers of
// before.
//
// One per call, on one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/drivers/driver.h"
#include "kinds/load_balancer/layout.h"
#include "podwright/v1/agent.pb.h"

namespace podwright::drivers::load_balancer {

// What the folder of the instance holds, all of it.
struct InstanceFiles {
  std::map<std::string, std::string> texts;      // by path, without the generation's
  std::map<std::string, v1::SealedSecret> keys;  // by path
};

struct InstanceFound {
  std::vector<std::string> differing;  // paths that are gone or not as wanted, sorted
  bool active = false;
  bool enabled = false;
  bool unit_file = false;
  std::string generation;  // what the workers answer; empty: nothing
};

class Instance {
 public:
  Instance(Environment& environment, v1::ObjectState& state, kinds::BalancerSide side);

  const kinds::BalancerLayout& layout() const { return layout_; }
  Result<InstanceFound> Look(const InstanceFiles& wanted);
  // From what is confirmed, `before` (empty: there was none), to `wanted`.
  Status Apply(const InstanceFiles& before, const InstanceFiles& wanted);
  // The same of one that runs, as quickly as can be: for members that changed elsewhere.
  Status Refresh(const InstanceFiles& before, const InstanceFiles& wanted);
  // Starts it as its files are.
  Status Start(const InstanceFiles& wanted);
  // Stops it and takes away everything in `present`, and what the unit is.
  Status Remove(const InstanceFiles& present);

  static std::string GenerationOf(const InstanceFiles& files);

 private:
  Status WriteUnit();
  Status Write(const InstanceFiles& files);
  Status WriteText(const std::string& path, const std::string& text);
  Status WriteKey(const std::string& path, const v1::SealedSecret& sealed);
  // Those of `old` that `wanted` has not.
  Status RemoveStale(const InstanceFiles& old, const InstanceFiles& wanted);
  Result<bool> KeyStands(const std::string& path);
  Status Test();
  Result<host::UnitState> Unit();
  bool Runs() const;  // without a program
  // `unit`: as it is before. So in Load.
  enum class Trial { kTested, kUntested };
  Status Change(const InstanceFiles& before, const InstanceFiles& wanted, const host::UnitState& unit, Trial trial);
  // Loads what is on disk: a reload, or a start.
  Status Load(const std::string& generation, const host::UnitState& unit);
  Status LoadAnew(const std::string& generation);
  Status Confirm(const std::string& generation, WallTime since);
  std::string Generation();
  std::string LastWords(WallTime since);
  Status Restore(const InstanceFiles& before, const InstanceFiles& failed, bool was_active, const Error& error);

  Environment& env_;
  v1::ObjectState& state_;
  const kinds::BalancerSide side_;
  const kinds::BalancerLayout layout_;
};

}  // namespace podwright::drivers::load_balancer
