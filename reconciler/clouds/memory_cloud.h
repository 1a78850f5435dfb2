// A cloud in memory, with faults to inject: for tests and simulations.
//
// Behaves as cloud.h says, so that what works over it works over a real one. Addresses come from
// 192.0.2.0/24 upwards and are given again after a Delete.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <set>

#include "reconciler/clouds/cloud.h"

namespace podwright::clouds {

enum class Operation { kCreate, kRead, kList, kDelete, kHostAddress };

enum class FaultMoment {
  kBefore,  // nothing happened
  kMidway,  // Create only: the machine is there, incomplete. Elsewhere as kBefore.
  kAfter,   // it happened, and the caller gets an error all the same
};

class MemoryCloud final : public Cloud {
 public:
  // `clock` must outlive the cloud.
  MemoryCloud(std::string installation, Clock& clock);

  std::string_view name() const override { return "memory"; }
  const CloudCapabilities& capabilities() const override { return capabilities_; }
  Result<Machine> Create(const MachineRequest& request, const CallOptions& options) override;
  Result<std::optional<Machine>> Read(const std::string& tag, const CallOptions& options) override;
  Result<std::vector<Machine>> List(const CallOptions& options) override;
  Status Delete(const std::string& tag, const CallOptions& options) override;
  Result<std::string> HostAddress(const CallOptions& options) override;

  // The next call of `operation` that has no fault waiting before it fails with `error`.
  // Faults of one operation fire in the order given, one a call.
  void Inject(Operation operation, FaultMoment moment, Error error);

  // Called, outside of any lock, when a machine starts to run: a simulation boots its agent here.
  // Set before the first Create.
  void OnBoot(std::function<void(const Machine&, const MachineRequest&)> callback) { on_boot_ = std::move(callback); }

  // Changes behind the control plane's back, as people make them.
  void Stop(const std::string& tag);
  void Lose(const std::string& tag);

  // How often a machine was really made, over all tags: to prove "at most once".
  int creations() const;

 private:
  struct Fault {
    Operation operation;
    FaultMoment moment;
    Error error;
  };
  std::optional<Fault> TakeFault(Operation operation);  // mutex_ held
  std::string FreeAddress() const;                      // mutex_ held
  Status Check(const CallOptions& options) const;

  const std::string installation_;
  Clock& clock_;
  CloudCapabilities capabilities_;
  std::function<void(const Machine&, const MachineRequest&)> on_boot_;

  mutable std::mutex mutex_;
  std::map<std::string, Machine> machines_;  // by tag; protected by mutex_
  std::deque<Fault> faults_;                 // protected by mutex_
  int creations_ = 0;                        // protected by mutex_
};

}  // namespace podwright::clouds
