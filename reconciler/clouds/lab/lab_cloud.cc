#include "reconciler/clouds/lab/lab_cloud.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>

#include "core/file.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "reconciler/clouds/lab/host_limits.h"
#include "reconciler/clouds/lab/image.h"
#include "reconciler/clouds/lab/machine_json.h"
#include "reconciler/clouds/lab/names.h"
#include "reconciler/clouds/lab/network.h"
#include "reconciler/clouds/lab/podman.h"
#include "reconciler/clouds/lab/recipe.h"
#include "reconciler/clouds/lab/resolv_conf.h"
#include "reconciler/clouds/lab/state.h"
#include "reconciler/clouds/lab/tar.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds {

using lab::Podman;
using lab::Recipe;
using Strings = std::vector<std::string>;

namespace {

struct Size {
  const char* name;
  const char* memory;
};
constexpr Size kSizes[] = {{"small", "512m"}, {"medium", "1g"}, {"large", "2g"}};

std::string MemoryOf(const std::string& size) {
  for (const auto& known : kSizes) {
    if (size == known.name) return known.memory;
  }
  return kSizes[0].memory;
}

Status CheckCall(const CallOptions& options) {
  if (options.cancel.stop_requested()) return Cancelled("the call to cloud \"lab\" was cancelled");
  if (options.deadline && std::chrono::steady_clock::now() >= *options.deadline) {
    return DeadlineExceeded("the call to cloud \"lab\" did not end in time");
  }
  return Ok();
}

// A lock that is waited for no longer than the call may take.
class TimedLock {
 public:
  static Result<TimedLock> Acquire(std::timed_mutex& mutex, const CallOptions& options) {
    do {
      PW_TRY(CheckCall(options));
    } while (!mutex.try_lock_for(std::chrono::milliseconds(50)));
    return TimedLock(std::unique_lock(mutex, std::adopt_lock));
  }

 private:
  explicit TimedLock(std::unique_lock<std::timed_mutex> lock) : lock_(std::move(lock)) {}
  std::unique_lock<std::timed_mutex> lock_;
};

const std::string& OrDefault(const std::string& wanted, const std::vector<std::string>& offered) {
  return wanted.empty() ? offered[0] : wanted;
}

}  // namespace

struct LabCloud::Impl {
  Impl(LabSettings given, CloudCapabilities abilities)
      : settings(std::move(given)),
        capabilities(std::move(abilities)),
        names(settings.installation, settings.data_folder),
        podman(settings.podman, settings.data_folder + "/podman", names.cgroup()),
        network(names, settings.data_folder + "/namespaces"),
        images(podman, settings.cache_folder) {}

  std::string StatePath() const { return settings.data_folder + "/state.json"; }
  std::string MarkerPath(const std::string& tag) const { return settings.data_folder + "/machines/" + tag; }

  Status Open(const CallOptions& options);
  Status OpenLocked(const CallOptions& options);
  Status Revive(const CallOptions& options);
  // The gateway's address.
  Result<std::string> NetworkUp(const CallOptions& options);
  Result<std::string> EnsureImage(const CallOptions& options);

  Result<std::vector<Machine>> Query(const std::string& tag, const CallOptions& options) const;
  Result<std::optional<Machine>> Find(const std::string& tag, const CallOptions& options) const;
  Status Reserve(const MachineRequest& request, const std::string& image, const CallOptions& options);
  Strings CreateArguments(const MachineRequest& request, const std::string& image, const std::string& address) const;
  Status PlaceFiles(const MachineRequest& request, const CallOptions& options) const;
  Status Complete(const MachineRequest& request, const CallOptions& options);
  Status Start(const Machine& machine, const CallOptions& options);
  Status Remove(const std::string& tag, const CallOptions& options);
  Result<Machine> Existing(const std::string& tag, const CallOptions& options) const;

  const LabSettings settings;
  const CloudCapabilities capabilities;
  const lab::LabNames names;
  std::timed_mutex setup_mutex;
  std::atomic<bool> opened{false};  // changed under setup_mutex; read without, so a build delays no other call
  std::string image;                // reference; protected by setup_mutex
  Podman podman;                    // Configure under setup_mutex, before any other use
  std::timed_mutex network_mutex;
  lab::LabState state;      // protected by network_mutex once opened
  lab::LabNetwork network;  // protected by network_mutex once opened
  const lab::ImageStore images;
  std::mutex busy_mutex;
  std::condition_variable busy_changed;
  std::set<std::string> busy;  // tags that a Create or Delete works on; protected by busy_mutex
};

namespace {

// One Create or Delete of a tag at a time.
class TagLock {
 public:
  template <typename Impl>
  static Result<TagLock> Acquire(Impl& impl, const std::string& tag, const CallOptions& options) {
    std::unique_lock lock(impl.busy_mutex);
    while (impl.busy.contains(tag)) {
      PW_TRY(CheckCall(options));
      impl.busy_changed.wait_for(lock, std::chrono::milliseconds(50));
    }
    impl.busy.insert(tag);
    return TagLock(impl.busy_mutex, impl.busy_changed, impl.busy, tag);
  }
  ~TagLock() {
    if (busy_ == nullptr) return;
    const std::scoped_lock lock(*mutex_);
    busy_->erase(tag_);
    changed_->notify_all();
  }
  TagLock(TagLock&& other) noexcept
      : mutex_(other.mutex_), changed_(other.changed_), busy_(std::exchange(other.busy_, nullptr)), tag_(other.tag_) {}
  TagLock& operator=(TagLock&&) = delete;

 private:
  TagLock(std::mutex& mutex, std::condition_variable& changed, std::set<std::string>& busy, std::string tag)
      : mutex_(&mutex), changed_(&changed), busy_(&busy), tag_(std::move(tag)) {}
  std::mutex* mutex_;
  std::condition_variable* changed_;
  std::set<std::string>* busy_;
  std::string tag_;
};

}  // namespace

Status LabCloud::Impl::Open(const CallOptions& options) {
  if (opened) return Ok();
  PW_ASSIGN(const TimedLock lock, TimedLock::Acquire(setup_mutex, options));
  return OpenLocked(options);
}

Status LabCloud::Impl::OpenLocked(const CallOptions& options) {
  if (opened) return Ok();
  if (::geteuid() != 0) return FailedPrecondition("cloud \"lab\" needs root on the host of the control plane");
  PW_TRY(lab::MakeFolder(settings.data_folder, 0700));
  PW_TRY(lab::MakeFolder(settings.data_folder + "/machines", 0700));
  PW_ASSIGN(std::string boot_id, lab::ReadFile("/proc/sys/kernel/random/boot_id"));
  std::erase(boot_id, '\n');
  PW_ASSIGN(state, lab::LoadState(StatePath()));
  const bool host_restarted = !state.boot_id.empty() && state.boot_id != boot_id;
  if (host_restarted) {
    PW_TRY(podman.ForgetRunningState());
    state.enabled_forwarding = false;
  }
  PW_TRY(podman.Configure(state.runtime, state.cgroup_manager.empty() ? "cgroupfs" : state.cgroup_manager));
  if (host_restarted) PW_TRY(Revive(options));
  state.boot_id = boot_id;
  PW_TRY(lab::SaveState(StatePath(), state));
  opened = true;
  return Ok();
}

// Like any cloud, the lab starts its machines again after its host was down.
Status LabCloud::Impl::Revive(const CallOptions& options) {
  PW_TRY(NetworkUp(options));
  PW_ASSIGN(const std::vector<Machine> machines, Query("", options));
  for (const auto& machine : machines) {
    if (machine.state != MachineState::kStopped) continue;
    log::Info("starting a lab server after the host restarted", {{log::key::kMachine, machine.tag}});
    PW_TRY(Start(machine, options));
  }
  return Ok();
}

Result<std::string> LabCloud::Impl::NetworkUp(const CallOptions& options) {
  PW_ASSIGN(const TimedLock lock, TimedLock::Acquire(network_mutex, options));
  PW_TRY(lab::RaiseHostLimits());
  const Status up = network.Up(state, options);
  PW_TRY(lab::SaveState(StatePath(), state));
  PW_TRY(up);
  return network.Gateway();
}

Result<std::string> LabCloud::Impl::EnsureImage(const CallOptions& options) {
  PW_ASSIGN(const TimedLock lock, TimedLock::Acquire(setup_mutex, options));
  if (!image.empty()) return image;
  PW_ASSIGN(const lab::HostSetup host, lab::ReadHostSetup());
  PW_ASSIGN(const Recipe recipe, lab::MakeRecipe(host));
  PW_ASSIGN(std::string reference, images.Ensure(recipe, options));
  PW_ASSIGN(const TimedLock network_lock, TimedLock::Acquire(network_mutex, options));
  if (state.cgroup_manager.empty()) {
    PW_ASSIGN(const Podman::Choice choice, podman.Probe(reference, options));
    state.runtime = choice.runtime;
    state.cgroup_manager = choice.cgroup_manager;
    PW_TRY(lab::SaveState(StatePath(), state));
  }
  image = std::move(reference);
  return image;
}

Result<std::vector<Machine>> LabCloud::Impl::Query(const std::string& tag, const CallOptions& options) const {
  Strings args = {"ps", "--all", "--no-trunc", "--format=json",
                  std::string("--filter=label=") + lab::kLabelInstallation + "=" + settings.installation};
  if (!tag.empty()) args.push_back(std::string("--filter=label=") + lab::kLabelTag + "=" + tag);
  PW_ASSIGN(const std::string answer, podman.Run(args, options));
  PW_ASSIGN(std::vector<Machine> machines, lab::ParseMachines(answer));
  for (auto& machine : machines) {
    // Podman's own word for a container that was never started is the same as after a host's restart.
    const auto marker = lab::ReadFile(MarkerPath(machine.tag));
    const bool complete = marker.ok() && *marker == machine.id;
    if (!complete)
      machine.state = MachineState::kIncomplete;
    else if (machine.state == MachineState::kIncomplete)
      machine.state = MachineState::kStopped;
  }
  return machines;
}

Result<std::optional<Machine>> LabCloud::Impl::Find(const std::string& tag, const CallOptions& options) const {
  PW_ASSIGN(std::vector<Machine> machines, Query(tag, options));
  if (machines.empty()) return std::optional<Machine>();
  return std::optional<Machine>(std::move(machines[0]));
}

Strings LabCloud::Impl::CreateArguments(const MachineRequest& request, const std::string& reference,
                                        const std::string& address) const {
  const std::string& size = OrDefault(request.size, capabilities.sizes);
  Strings args = {"create",
                  "--name=" + request.tag,
                  "--hostname=" + request.name,
                  "--network=ns:" + network.NamespacePath(request.tag),
                  "--memory=" + MemoryOf(size),
                  "--restart=always",
                  "--http-proxy=false"};
  const Strings server = podman.ServerArguments();
  args.insert(args.end(), server.begin(), server.end());
  for (const auto& address_of_resolver : lab::ReadNameServers()) args.push_back("--dns=" + address_of_resolver);
  args.push_back("--dns-search=.");
  for (const auto& [key, value] : request.sysctls) args.push_back("--sysctl=" + key + "=" + value);
  const auto label = [&](const std::string& key, const std::string& value) {
    args.push_back("--label=" + key + "=" + value);
  };
  label(lab::kLabelInstallation, settings.installation);
  label(lab::kLabelTag, request.tag);
  label(lab::kLabelName, request.name);
  label(lab::kLabelImage, OrDefault(request.image, capabilities.images));
  label(lab::kLabelSize, size);
  label(lab::kLabelRegion, OrDefault(request.region, capabilities.regions));
  label(lab::kLabelAddress, address);
  for (const auto& [key, value] : request.labels) label(lab::kLabelUserPrefix + key, value);
  args.insert(args.end(), {reference, "/sbin/init"});
  return args;
}

// The container, which is what holds the address, is made under the lock under which addresses are
// given; a namespace without a container is the rest of a creation that died.
Status LabCloud::Impl::Reserve(const MachineRequest& request, const std::string& reference,
                               const CallOptions& options) {
  PW_ASSIGN(const TimedLock lock, TimedLock::Acquire(network_mutex, options));
  PW_ASSIGN(const std::vector<Machine> machines, Query("", options));
  std::set<std::string> addresses;
  std::set<std::string> tags;
  for (const auto& machine : machines) {
    addresses.insert(machine.addresses.begin(), machine.addresses.end());
    tags.insert(machine.tag);
  }
  for (const auto& tag : network.Tags()) {
    if (!tags.contains(tag)) PW_TRY(network.Detach(tag, options));
  }
  const auto address = lab::FreeAddress(network.subnet(), addresses);
  if (!address) return ResourceExhausted("the lab's subnet " + network.subnet().ToString() + " has no free address");
  PW_TRY(network.Attach(request.tag, *address, options));
  PW_TRY(podman.Run(CreateArguments(request, reference, *address), options));
  return Ok();
}

Status LabCloud::Impl::PlaceFiles(const MachineRequest& request, const CallOptions& options) const {
  lab::TarWriter tar;
  PW_TRY(tar.Add("/etc/hosts",
                 "127.0.0.1\tlocalhost\n127.0.1.1\t" + request.name +
                     "\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
                 0644));
  for (const auto& binary : request.binaries) {
    PW_ASSIGN(const std::string content, lab::ReadFile(binary.host_path));
    PW_TRY(tar.Add(binary.path, content, binary.mode));
  }
  for (const auto& file : request.files) PW_TRY(tar.Add(file.path, file.content, file.mode));
  return podman.Unpack(tar.Finish(), request.tag, options);
}

Status LabCloud::Impl::Complete(const MachineRequest& request, const CallOptions& options) {
  PW_TRY(PlaceFiles(request, options));
  PW_ASSIGN(const Machine machine, Existing(request.tag, options));
  PW_TRY(ReplaceFile(MarkerPath(request.tag), machine.id, 0600));
  return Start(machine, options);
}

Status LabCloud::Impl::Start(const Machine& machine, const CallOptions& options) {
  {
    PW_ASSIGN(const TimedLock lock, TimedLock::Acquire(network_mutex, options));
    if (!network.IsAttached(machine.tag)) {
      if (machine.addresses.empty()) return Internal("machine " + machine.tag + " of the lab has no address");
      PW_TRY(network.Attach(machine.tag, machine.addresses[0], options));
    }
  }
  PW_TRY(podman.Run({"start", machine.tag}, options));
  return Ok();
}

Status LabCloud::Impl::Remove(const std::string& tag, const CallOptions& options) {
  PW_TRY(podman.Run({"rm", "--force", "--ignore", "--volumes", "--time=0", tag}, options));
  PW_ASSIGN(const TimedLock lock, TimedLock::Acquire(network_mutex, options));
  PW_TRY(network.Detach(tag, options));
  return lab::RemoveTree(MarkerPath(tag));
}

Result<Machine> LabCloud::Impl::Existing(const std::string& tag, const CallOptions& options) const {
  PW_ASSIGN(std::optional<Machine> machine, Find(tag, options));
  if (!machine) return Unavailable("machine " + tag + " of the lab was removed while it was made");
  return *std::move(machine);
}

LabCloud::LabCloud(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LabCloud::~LabCloud() = default;
const CloudCapabilities& LabCloud::capabilities() const {
  return impl_->capabilities;
}

Result<std::unique_ptr<LabCloud>> LabCloud::Make(LabSettings settings) {
  if (!ValidateTag(settings.installation).ok())
    return InvalidArgument("the lab's installation must match ^[a-z0-9][a-z0-9-]{0,62}$");
  const auto normal = [](const std::string& path) {
    std::string text = std::filesystem::path(path).lexically_normal().string();
    while (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
  };
  if (settings.cache_folder.empty()) settings.cache_folder = settings.data_folder + "/../lab-cache";
  for (std::string* folder : {&settings.data_folder, &settings.cache_folder}) {
    *folder = normal(*folder);
    // Podman and overlayfs give meanings of their own to these characters.
    if (!folder->starts_with('/') || folder->size() < 2 || folder->find_first_of(":,\"\\\n") != std::string::npos) {
      return InvalidArgument("the lab's folder \"" + *folder + "\" must be absolute and without any of : , \" \\");
    }
  }
  if ((settings.cache_folder + "/").starts_with(settings.data_folder + "/")) {
    return InvalidArgument("the lab's cache folder must not be in its data folder, which is removed with the lab");
  }
  PW_ASSIGN(const std::string os_release, lab::ReadFile("/etc/os-release"));
  CloudCapabilities capabilities;
  const std::string image = lab::ImageName(os_release);
  capabilities.images = {image.empty() ? "debian-12" : image};
  for (const auto& size : kSizes) capabilities.sizes.emplace_back(size.name);
  capabilities.regions = {"local"};
  capabilities.own_kernel = false;
  capabilities.sysctl_prefixes = {"net.", "fs.mqueue.", "kernel.shm", "kernel.msg"};
  capabilities.sysctl_names = {"kernel.sem"};
  return std::unique_ptr<LabCloud>(new LabCloud(std::make_unique<Impl>(std::move(settings), std::move(capabilities))));
}

Status LabCloud::Prepare(const CallOptions& options) {
  PW_TRY(impl_->Open(options));
  PW_TRY(impl_->NetworkUp(options));
  PW_TRY(impl_->EnsureImage(options));
  return Ok();
}

Result<Machine> LabCloud::Create(const MachineRequest& request, const CallOptions& options) {
  PW_TRY(ValidateRequest(name(), impl_->capabilities, request));
  PW_TRY(CheckCall(options));
  PW_TRY(impl_->Open(options));
  PW_ASSIGN(const TagLock lock, TagLock::Acquire(*impl_, request.tag, options));
  PW_ASSIGN(const std::optional<Machine> before, impl_->Find(request.tag, options));
  if (before && before->state == MachineState::kRunning) return *before;
  if (before && before->state != MachineState::kIncomplete) {
    PW_TRY(impl_->NetworkUp(options));
    PW_TRY(impl_->Start(*before, options));
    return impl_->Existing(request.tag, options);
  }
  if (before) PW_TRY(impl_->Remove(request.tag, options));
  PW_ASSIGN(const std::string image, impl_->EnsureImage(options));
  PW_TRY(impl_->NetworkUp(options));
  PW_TRY(impl_->Reserve(request, image, options));
  PW_TRY(impl_->Complete(request, options));
  return impl_->Existing(request.tag, options);
}

Result<std::optional<Machine>> LabCloud::Read(const std::string& tag, const CallOptions& options) {
  PW_TRY(ValidateTag(tag));
  PW_TRY(impl_->Open(options));
  return impl_->Find(tag, options);
}

Result<std::vector<Machine>> LabCloud::List(const CallOptions& options) {
  PW_TRY(impl_->Open(options));
  return impl_->Query("", options);
}

Status LabCloud::Delete(const std::string& tag, const CallOptions& options) {
  PW_TRY(ValidateTag(tag));
  PW_TRY(impl_->Open(options));
  PW_ASSIGN(const TagLock lock, TagLock::Acquire(*impl_, tag, options));
  return impl_->Remove(tag, options);
}

Result<std::string> LabCloud::HostAddress(const CallOptions& options) {
  PW_TRY(impl_->Open(options));
  return impl_->NetworkUp(options);
}

Status LabCloud::DestroyAll(const CallOptions& options) {
  PW_ASSIGN(const TimedLock setup, TimedLock::Acquire(impl_->setup_mutex, options));
  PW_TRY(impl_->OpenLocked(options));
  PW_ASSIGN(const TimedLock network, TimedLock::Acquire(impl_->network_mutex, options));
  PW_TRY(impl_->podman.DestroyAll(options));
  const Status down = impl_->network.Down(impl_->state, options);
  PW_TRY(lab::SaveState(impl_->StatePath(), impl_->state));
  PW_TRY(down);
  PW_TRY(lab::UnmountBelow(impl_->settings.data_folder));
  PW_TRY(lab::RemoveTree(impl_->settings.data_folder));
  impl_->opened = false;
  impl_->image.clear();
  return Ok();
}

Result<Strings> LabCloud::ShellArgv(const std::string& tag, const Strings& command) const {
  PW_TRY(ValidateTag(tag));
  Strings args = {"exec", "--interactive"};
  if (command.empty()) args.push_back("--tty");
  args.push_back(tag);
  if (command.empty()) args.insert(args.end(), {"/bin/bash", "-l"});
  args.insert(args.end(), command.begin(), command.end());
  return impl_->podman.Argv(args);
}

}  // namespace podwright::clouds
