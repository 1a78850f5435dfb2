// What nobody asked for by name: objects that are not as they should be and on which no run works. Drift that
// agents cannot repair, expired holds, dependencies that became ready, secrets that rotated.
//
// Level-triggered: Reconcile looks at every object whose slice changed or that was left unsettled, marks
// ready what needs nothing, and makes one run for the rest that can go.
//
// Threading: under the control plane's lock. Errors: only the store's.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/result.h"
#include "reconciler/control/core.h"

namespace podwright::control {

class Background {
 public:
  explicit Background(Core& core) : core_(core) {}

  Status Reconcile(const std::string& workspace);
  // Everything on a server, because its agent came.
  void LookOn(const ServerId& server);
  // After the store was read anew: at everything.
  void LookAtAll();

 private:
  enum class Verdict { kSettled, kWaits, kRun, kReady };
  Verdict Judge(const ObjectId& object);
  bool AgentsThere(const ObjectId& object, const v1::Slice& slice) const;
  Status MarkReady(const std::set<ObjectId>& objects);
  void DueAt(const std::string& workspace, std::int64_t unix_ms);

  struct Tries {
    int count = 0;
    SteadyTime last{};
  };

  Core& core_;
  std::map<ObjectId, SteadyTime> differs_since_;
  std::map<ObjectId, Tries> tries_;  // background runs in a row that did not make it ready
};

}  // namespace podwright::control
