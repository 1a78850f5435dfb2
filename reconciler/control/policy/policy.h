// A workspace's policy as it is in force: what its document says, and the defaults for the rest.
//
// Threading: values; PolicyOf under the control plane's lock.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/approval.pb.h"
#include "podwright/v1/kinds/policy.pb.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/control/core.h"
#include "reconciler/control/label_selector.h"
#include "reconciler/control/policy/hours.h"

namespace podwright::control {

inline constexpr char kPolicyKind[] = "policy";
inline constexpr char kPolicyName[] = "default";
// The share of servers means nothing among a few.
inline constexpr std::size_t kServersForShare = 10;

// An object's labels, wherever they come from.
using Labels = google::protobuf::Map<std::string, std::string>;

struct Limits {
  std::int64_t deletes = 100;
  std::int64_t data_losses = 0;
  std::int64_t restarts = 100;
  std::int64_t failovers = 20;
  std::int64_t servers_percent = 50;
  std::int64_t within_ms = 600'000;
};

struct Window {
  std::string name;
  std::string text;  // "night (Sat 02:00-04:00 Europe/Berlin)"
  std::vector<WeeklyHours> open;
  absl::TimeZone zone;
  bool broken = false;  // the host knows its zone no more: never open
  LabelSelector selector;
  std::set<std::string> kinds;
  std::set<std::string> objects;
  v1::Disruption from = v1::DISRUPTION_RESTART;

  bool Names(const ObjectId& object, const Labels& labels) const;
};

struct WaveRule {
  std::string text;
  LabelSelector selector;
};

struct Policy {
  bool declared = false;
  bool guarded = false;  // its own changes need approval
  Limits limits;
  std::uint32_t needed = 1;
  std::set<std::string> approvers;  // empty: every operator
  bool not_by_author = false;
  std::int64_t expires_ms = std::int64_t{7} * 24 * 3600 * 1000;
  std::vector<Window> windows;
  std::vector<WaveRule> waves;
};

// kInvalidArgument: a time zone that the host does not know, or hours or a selector that are none.
Status CheckPolicy(const v1::kinds::PolicySpec& spec);
// What cannot be understood any more (a zone that is gone) holds, rather than lets go.
Policy MakePolicy(const v1::kinds::PolicySpec& spec);
// The one in force in the workspace.
Policy PolicyOf(Core& core, const std::string& workspace);

// Whether an object that disturbs so much has to wait now. `wait` gets the window that opens first.
bool HeldByWindow(const Policy& policy, const ObjectId& object, const Labels& labels, v1::Disruption worst,
                  std::int64_t now, v1::WindowWait* wait);

// "waits for its window night (…), which opens at 2026-…".
std::string WindowText(const v1::WindowWait& wait);

}  // namespace podwright::control
