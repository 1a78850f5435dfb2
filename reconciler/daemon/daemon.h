// podwrightd put together: store, CA, secrets, control plane, its three listeners, and an orderly end.
//
// Threading: Start and Stop from one thread.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "reconciler/daemon/settings.h"

namespace podwright::daemon {

class Daemon {
 public:
  // Everything listens when it returns. kFailedPrecondition: another process holds the data folder.
  static Result<std::unique_ptr<Daemon>> Start(const Settings& settings);
  ~Daemon();

  // Nothing new is accepted; runs pause where their journal is; every stream is ended.
  void Stop();

  // Ports that are listened on, also where the settings said 0.
  int api_port() const;
  int https_port() const;
  int agents_port() const;
  // The name of the context that this start wrote for the CLI; "" when an earlier one did.
  const std::string& new_context() const;

 private:
  class Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Takes away every machine of the lab that belongs to the data folder, its network and its storage. The daemon
// must not run. A data folder that never had one is no error.
Status DestroyLab(const Settings& settings);

}  // namespace podwright::daemon
