// The cloud "lab": servers are Debian containers with systemd, run by Podman on this very host, each
// with an address of its own. No account, no cost, and real servers: apt, systemd, sshd, nftables,
// WireGuard work inside. Needs root on the host.
//
// Folders: `data_folder` holds podman's storage, the machines' network namespaces and a state file,
// for one installation; `cache_folder` holds the image, which may be shared. DestroyAll removes the
// first with all that it stands for, and leaves the second.
//
// On the host it owns a bridge `pw-…`, an nftables table `podwright_…` and control groups of the same
// name, and switches IPv4 forwarding on. HostAddress makes bridge and address, so the control plane
// calls it before it listens there; the bridge stays until DestroyAll.
//
// Not as on a machine of one's own: the kernel is the host's, so only sysctls of the network and of
// IPC can be set; no kernel module can be loaded; sizes bound the memory only. A lab server is as
// strong a boundary as a container with SYS_ADMIN is: none against a hostile root inside. It is
// for trying out and for tests.
//
// Threading and errors as cloud.h says. Creations of one lab share a short lock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconciler/clouds/cloud.h"

namespace podwright::clouds {

struct LabSettings {
  std::string installation;  // stands in every label; ^[a-z0-9][a-z0-9-]{0,62}$
  std::string data_folder;   // absolute; made with 0700
  std::string cache_folder;  // absolute; empty: data_folder + "/../lab-cache"
  std::string podman = "podman";
};

class LabCloud final : public Cloud {
 public:
  // Checks the settings and the host's release; touches nothing else.
  static Result<std::unique_ptr<LabCloud>> Make(LabSettings settings);
  ~LabCloud() override;

  std::string_view name() const override { return "lab"; }
  const CloudCapabilities& capabilities() const override;
  // Builds the image when the cache has none, which takes minutes: no deadline of a call below 20
  // minutes is sure to hold then. Prepare does it ahead.
  Result<Machine> Create(const MachineRequest& request, const CallOptions& options) override;
  Result<std::optional<Machine>> Read(const std::string& tag, const CallOptions& options) override;
  Result<std::vector<Machine>> List(const CallOptions& options) override;
  Status Delete(const std::string& tag, const CallOptions& options) override;
  Result<std::string> HostAddress(const CallOptions& options) override;

  // Network, image and container runtime are ready: later creations take about a second.
  Status Prepare(const CallOptions& options);
  // Every machine, the network, the storage, the data folder: gone. The image cache stays.
  Status DestroyAll(const CallOptions& options);
  // The program and arguments of an interactive root shell in a machine, to be run by someone with
  // a terminal; of `command` instead, when it is not empty.
  Result<std::vector<std::string>> ShellArgv(const std::string& tag,
                                             const std::vector<std::string>& command = {}) const;

 private:
  struct Impl;
  explicit LabCloud(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podwright::clouds
