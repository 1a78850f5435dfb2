// Clouds: where servers come from. One implementation a cloud; the control plane sees only this.
//
// A cloud knows machines, not Podwright's objects. The caller writes its intent down, with a tag of
// its own making, before it calls Create. Everything a cloud makes carries that tag and the
// installation's id, so after a crash at any place List finds what was begun, and Delete of the tag
// removes it, half-made or whole.
//
// Threading: every method may be called from any thread, several at once.
// Errors: invalid-argument for what no retry can help (an unknown image, a tag that is no tag);
// failed-precondition when the cloud itself lacks something (a missing program, no permission);
// resource-exhausted for quotas; unavailable, deadline-exceeded and cancelled otherwise. After an
// error or a crash the effect may or may not be there: call again with the same tag.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace podwright::clouds {

// How long a call may take, and how to end it early.
struct CallOptions {
  std::optional<SteadyTime> deadline;  // by the steady clock
  std::stop_token cancel;
};

// A file that is on the machine before it boots for the first time. Owned by root. `content` may be
// secret: it is never logged nor passed on a command line. Missing folders are made with 0755.
struct MachineFile {
  std::string path;  // absolute; not in /run, /tmp, /dev, /proc or /sys, which a boot replaces
  std::string content;
  std::uint32_t mode = 0600;
};

// The same, taken from a file of the control plane's host (the agent's program).
struct MachineBinary {
  std::string host_path;
  std::string path;
  std::uint32_t mode = 0755;
};

struct MachineRequest {
  std::string tag;     // ^[a-z0-9][a-z0-9-]{0,62}$, unique in the installation, never used again
  std::string name;    // ^[a-z][a-z0-9-]{0,62}$: the host name
  std::string image;   // empty: the cloud's default
  std::string size;    // empty: the cloud's default
  std::string region;  // empty: the cloud's default
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> sysctls;  // only those that capabilities() allows
  std::vector<MachineFile> files;
  std::vector<MachineBinary> binaries;
};

enum class MachineState {
  kIncomplete,  // begun and not finished: Create finishes it, Delete removes it
  kRunning,
  kStopped,
  kUnknown,  // the cloud says something that is none of the above
};
std::string_view MachineStateName(MachineState state);  // "running", …

struct Machine {
  std::string id;  // the cloud's own
  std::string tag;
  std::string name;
  std::string installation;
  std::vector<std::string> addresses;  // the first is how others reach it
  MachineState state = MachineState::kUnknown;
  std::string image;
  std::string size;
  std::string region;
  std::map<std::string, std::string> labels;
  WallTime created{};
};

// What a cloud offers, for errors at plan time. Lists are never empty; their first is the default.
struct CloudCapabilities {
  std::vector<std::string> images;
  std::vector<std::string> sizes;
  std::vector<std::string> regions;
  // Whether a server has a kernel of its own. When not, only sysctls of `sysctl_names` (exact) and
  // `sysctl_prefixes` can be set, and no kernel module can be loaded.
  bool own_kernel = true;
  std::vector<std::string> sysctl_prefixes;
  std::vector<std::string> sysctl_names;

  bool AllowsSysctl(std::string_view name) const;
};

class Cloud {
 public:
  virtual ~Cloud() = default;
  // What stands in a server's `cloud` field.
  virtual std::string_view name() const = 0;
  virtual const CloudCapabilities& capabilities() const = 0;

  // Idempotent by tag: a machine that exists with this tag is returned, started when it was
  // stopped; an incomplete one is made anew. Returns when the machine is booting, not when its
  // agent is there.
  virtual Result<Machine> Create(const MachineRequest& request, const CallOptions& options) = 0;
  // nullopt when there is no such machine.
  virtual Result<std::optional<Machine>> Read(const std::string& tag, const CallOptions& options) = 0;
  // Every machine of this installation, incomplete ones too, ordered by tag.
  virtual Result<std::vector<Machine>> List(const CallOptions& options) = 0;
  // Idempotent: success when there is nothing with this tag.
  virtual Status Delete(const std::string& tag, const CallOptions& options) = 0;
  // The address at which the machines reach the host of the control plane, or an empty string where
  // the cloud does not know and it has to be configured. Once returned, it can be listened on.
  virtual Result<std::string> HostAddress(const CallOptions& options) = 0;
};

// What Create checks before it touches anything, the same in every cloud; also for plan time.
// The error names the cloud and the field.
Status ValidateRequest(std::string_view cloud, const CloudCapabilities& capabilities, const MachineRequest& request);
Status ValidateTag(const std::string& tag);

}  // namespace podwright::clouds
