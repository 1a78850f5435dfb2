// What can be tuned in the control plane. The defaults are those of the daemon.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace podwright::control {

struct Options {
  std::string installation = "podwright";  // stands in machine tags, so that strays are told apart
  std::chrono::milliseconds heartbeat{15'000};
  // How long Apply and Get{refresh} wait for connected agents to look at what is not applied yet.
  std::chrono::milliseconds observe_timeout{5'000};
  // An action waits so long for an agent that is away, before it fails.
  std::chrono::milliseconds reconnect_deadline{600'000};
  // From dispatch until the agent must have begun.
  std::chrono::milliseconds action_ttl{300'000};
  // From dispatch until the result must be there.
  std::chrono::milliseconds action_deadline{3'600'000};
  // From the machine's creation until its agent says Hello.
  std::chrono::milliseconds machine_ready_deadline{900'000};
  std::chrono::milliseconds backoff_first{1'000};
  std::chrono::milliseconds backoff_most{60'000};
  std::uint32_t max_attempts = 4;
  std::uint32_t max_rounds = 5;  // plan, act, plan again
  // So long an agent may repair drift by itself before the control plane begins a run.
  std::chrono::milliseconds drift_grace{30'000};
  std::chrono::milliseconds tombstone_hold{600'000};
  std::chrono::milliseconds stray_interval{300'000};
  std::chrono::milliseconds housekeeping_interval{60'000};
  std::size_t events_kept = 100'000;
  std::size_t runs_kept = 10'000;
  std::size_t run_objects_kept = 200'000;    // of all ended runs together: large runs go sooner
  std::int64_t store_history_kept = 50'000;  // revisions
  std::chrono::milliseconds idempotency_kept{86'400'000};
  unsigned cloud_threads = 2;
};

}  // namespace podwright::control
