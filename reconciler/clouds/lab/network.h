// The lab's network: a bridge on the host with a subnet of its own, address translation to the
// outside, and one network namespace a machine.
//
// It is made with `ip` and `nft` and not by Podman's network programs, because those take the
// gateway's address away with the last container (the control plane listens on it before the first
// one), forget addresses when a machine reboots, and leave their rules behind. A machine's namespace
// is a file in the lab's folder and lives until Detach, so a reboot inside the machine changes nothing.
//
// Threading: none; the owner serialises.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "reconciler/clouds/cloud.h"
#include "reconciler/clouds/lab/names.h"
#include "reconciler/clouds/lab/state.h"
#include "reconciler/clouds/lab/subnet.h"

namespace podwright::clouds::lab {

class LabNetwork {
 public:
  // `folder` holds the namespaces. `names` must outlive this.
  LabNetwork(const LabNames& names, std::string folder) : names_(names), folder_(std::move(folder)) {}

  // Bridge, address, forwarding and translation are there. Chooses a subnet and notes it in `state`
  // when there is none yet: the caller saves `state` afterwards, also after an error.
  Status Up(LabState& state, const CallOptions& options);
  // Nothing of it is left, whatever was there before.
  Status Down(LabState& state, const CallOptions& options);

  // After Up:
  std::string Gateway() const { return subnet_.Address(1); }
  const Subnet& subnet() const { return subnet_; }

  // A namespace for the machine, with lo and eth0 up. One that was there is replaced.
  Status Attach(const std::string& tag, const std::string& address, const CallOptions& options);
  Status Detach(const std::string& tag, const CallOptions& options);
  bool IsAttached(const std::string& tag) const;
  // Tags with a namespace, or with the rest of one.
  std::vector<std::string> Tags() const;
  std::string NamespacePath(const std::string& tag) const { return folder_ + "/" + tag; }

 private:
  Status ChooseSubnet(LabState& state, const CallOptions& options);
  Status MakeBridge(const CallOptions& options);
  Status MakeRules(const CallOptions& options);

  const LabNames& names_;
  const std::string folder_;
  Subnet subnet_;
  int mtu_ = 1500;
};

}  // namespace podwright::clouds::lab
