// What the parts of the control plane share: the seams, the lock, and the state that it protects.
//
// Threading: one lock, `mutex`, over everything but the inbox and the observation desk, which have their own.
// AgentLink::Send may be called under the lock; clouds, and waiting for agents, never are.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/control/facts_cache.h"
#include "reconciler/control/staged_commit.h"
#include "reconciler/control/tables.h"
#include "reconciler/control/work_queue.h"

namespace podwright::control {

// An agent's stream, as it is now.
struct AgentRow {
  bool connected = false;
  std::uint64_t session = 0;
  std::string boot_id;
  WallTime last_seen{};
  SteadyTime changed{};           // when `connected` last changed
  std::set<std::string> running;  // actions that it has journalled and not finished, by its Hello
  std::map<std::string, double> health;
  std::int64_t host_paused_until_unix_ms = 0;  // by `podwright-agent pause` on the server
};

struct Core {
  Core(const Dependencies& d, const Options& o);

  const Dependencies deps;
  const Options options;

  mutable std::mutex mutex;
  // All below: protected by mutex.
  Tables tables;
  FactsCache facts;
  WorkQueue queue;
  std::map<ServerId, AgentRow> agents;
  // Objects that want a look in the background: not as they should be, as far as is known. By workspace.
  std::map<std::string, std::set<ObjectId>> unsettled;
  Fence fence;
  bool reload_needed = false;  // a commit failed: what the store holds is not known
  std::optional<Error>
      trouble;  // what kept the last write, or the worker, from its work; a write that succeeds ends it
  std::uint64_t next_dispatch = 1;

  std::atomic<std::uint64_t> epoch{0};

  WallTime Now() const { return deps.clock.Now(); }
  SteadyTime Steady() const { return deps.clock.Steady(); }
  std::int64_t NowMillis() const { return ToUnixMillis(deps.clock.Now()); }
  bool Connected(const ServerId& server) const {
    const auto it = agents.find(server);
    return it != agents.end() && it->second.connected;
  }
  // 0: somebody on the server has not paused its agent.
  std::int64_t HostPausedUntil(const ServerId& server) const {
    const auto it = agents.find(server);
    const std::int64_t until = it == agents.end() ? 0 : it->second.host_paused_until_unix_ms;
    return until > NowMillis() ? until : 0;
  }
  void Look(const ObjectId& object) { unsettled[object.workspace].insert(object); }
  void Wake(const std::string& key) { queue.Add(key, Steady()); }
  void WakeAt(const std::string& key, SteadyTime when) { queue.Add(key, when); }
};

// Keys of the work queue.
std::string RunWork(const RunId& id);              // a run
std::string ReconcileWork(const std::string& ws);  // a workspace: what is not as it should be and no run works on
std::string AgentWork(const ServerId& id);         // a server: confirmations and pauses that its agent lacks
inline constexpr char kStrayWork[] = "strays";
inline constexpr char kHousekeepingWork[] = "housekeeping";
inline constexpr char kRenewalWork[] = "renewals";
inline constexpr char kProbeWork[] = "probe";
inline constexpr char kInboxWork[] = "inbox";  // its rest after a failure is over

// Reads the store anew into memory. Lock held.
Status ReloadFromStore(Core& core);
}  // namespace podwright::control
