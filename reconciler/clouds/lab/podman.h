// Runs podman over a storage of its own, below one folder: nothing of the user's containers, images,
// networks or settings is read or touched, and all of it can be removed.
//
// Threading: const methods from any thread; Configure while nothing else runs.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/result.h"
#include "reconciler/clouds/cloud.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {

class Podman {
 public:
  // `program` is looked up in PATH. `folder` is absolute; `cgroup` is the name of the control group
  // below which all containers live.
  Podman(std::string program, std::string folder, std::string cgroup)
      : program_(std::move(program)), folder_(std::move(folder)), cgroup_(std::move(cgroup)) {}

  // Writes the settings that every call uses. An empty runtime is podman's default.
  Status Configure(const std::string& runtime, const std::string& cgroup_manager);

  // `podman ARGS…`; standard output.
  Result<std::string> Run(const std::vector<std::string>& args, const CallOptions& options,
                          std::chrono::seconds limit = std::chrono::seconds(120)) const;
  // The whole argument vector of the same call, for someone else to run.
  std::vector<std::string> Argv(const std::vector<std::string>& args) const;

  // An archive of a root file system becomes the image `reference`.
  Status Import(const std::string& archive, const std::string& reference, const CallOptions& options) const;

  // The files of `archive` (tar) appear below the root of a container, which need not run.
  Status Unpack(std::string archive, const std::string& container, const CallOptions& options) const;

  // Arguments of `create` that make a container a server, but for what differs between machines.
  std::vector<std::string> ServerArguments() const;

  // Finds a container runtime and a way to manage control groups that can start a server from
  // `image` on this host, by trying; calls Configure with it.
  struct Choice {
    std::string runtime;
    std::string cgroup_manager;
  };
  Result<Choice> Probe(const std::string& image, const CallOptions& options);

  // The host was started again: what runtimes keep in run folders is void.
  Status ForgetRunningState() const;
  // Removes containers, images, mounts, control groups and the folder.
  Status DestroyAll(const CallOptions& options);

 private:
  std::string ConfigPath() const { return folder_ + "/containers.conf"; }
  // Which of the folders that podman shares with others this lab's first podman did not find: those go with the lab.
  std::string AbsentBeforePath() const { return folder_ + "/absent-before"; }
  // Where podman's temporary files go, secrets among them: not to a folder that all share. Emptied by Configure.
  std::string SpoolFolder() const { return folder_ + "/spool"; }
  std::vector<std::string> Argv(const std::vector<std::string>& args, const std::string& spool) const;
  // What does not outlive a boot. Not in folder_: podman refuses a run folder of more than 50 characters.
  std::string RunFolder() const { return "/run/" + cgroup_; }
  std::string CgroupParent() const;
  Status WaitForCgroups() const;

  const std::string program_;
  const std::string folder_;
  const std::string cgroup_;
  std::string cgroup_manager_ = "cgroupfs";
};

}  // namespace podwright::clouds::lab
