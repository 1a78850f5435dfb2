#include "reconciler/clouds/lab/network.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "reconciler/clouds/lab/host_firewall.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr seconds kLimit{20};
constexpr char kForwardingPath[] = "/proc/sys/net/ipv4/ip_forward";
constexpr long kNsfsMagic = 0x6e736673;

void CollectSubnets(const json& node, std::string_view key, std::vector<Subnet>& subnets) {
  if (!node.is_array()) return;
  for (const auto& entry : node) {
    const auto found = entry.is_object() ? entry.find(key) : entry.end();
    if (!entry.is_object() || found == entry.end() || !found->is_string()) continue;
    if (const auto subnet = ParseSubnet(found->get<std::string>())) subnets.push_back(*subnet);
  }
}

// The MTU of the way out, so that what machines send fits without fragments.
int OutgoingMtu(const CallOptions& options) {
  constexpr int kDefault = 1500;
  const auto text = RunTool({"ip", "-json", "-4", "route", "show", "default"}, options, kLimit);
  if (!text.ok()) return kDefault;
  const json routes = json::parse(*text, nullptr, false);
  if (!routes.is_array() || routes.empty() || !routes[0].is_object() || !routes[0].contains("dev")) return kDefault;
  const json& device = routes[0]["dev"];
  if (!device.is_string()) return kDefault;
  const auto mtu = ReadFile("/sys/class/net/" + device.get<std::string>() + "/mtu");
  if (!mtu.ok()) return kDefault;
  return std::clamp(std::atoi(mtu->c_str()), 576, kDefault);
}

bool HasLink(const std::string& name) {
  return std::filesystem::exists("/sys/class/net/" + name);
}

bool HasOtherLab() {
  std::error_code error;
  for (std::filesystem::directory_iterator it("/sys/class/net", error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().starts_with(LabNames::kBridgePrefix)) return true;
  }
  return false;
}

// A /proc file is written in place, not replaced.
Status WriteProc(const char* path, std::string_view value) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, std::string("open ") + path);
  const ssize_t n = ::write(fd, value.data(), value.size());
  const int reason = errno;
  ::close(fd);
  if (n < 0) return ErrnoError(reason, std::string("write ") + path);
  return Ok();
}

}  // namespace

Status LabNetwork::ChooseSubnet(LabState& state, const CallOptions& options) {
  if (const auto known = ParseSubnet(state.subnet)) {
    subnet_ = *known;
    return Ok();
  }
  std::vector<Subnet> occupied;
  PW_ASSIGN(const std::string routes, RunTool({"ip", "-json", "-4", "route", "show", "table", "all"}, options, kLimit));
  CollectSubnets(json::parse(routes, nullptr, false), "dst", occupied);
  const auto choice = lab::ChooseSubnet(occupied, names_.seed());
  if (!choice) return FailedPrecondition("the lab finds no free subnet in 10.89.0.0/16 and 10.90.0.0/16");
  subnet_ = *choice;
  state.subnet = subnet_.ToString();
  return Ok();
}

Status LabNetwork::MakeBridge(const CallOptions& options) {
  const std::string& bridge = names_.bridge();
  if (!HasLink(bridge)) {
    PW_TRY(RunTool({"ip", "link", "add", "name", bridge, "type", "bridge", "forward_delay", "0"}, options, kLimit));
  }
  PW_TRY(RunTool({"ip", "addr", "replace", Gateway() + "/24", "dev", bridge}, options, kLimit));
  PW_TRY(RunTool({"ip", "link", "set", "dev", bridge, "mtu", std::to_string(mtu_), "up"}, options, kLimit));
  return Ok();
}

Status LabNetwork::MakeRules(const CallOptions& options) {
  const std::string& table = names_.table();
  // Declared, deleted and made again in one transaction: there is no moment without the rules.
  const std::string rules = "table ip " + table + "\n" +         //
                            "delete table ip " + table + "\n" +  //
                            "table ip " + table + " {\n" +       //
                            "  chain postrouting {\n" +          //
                            "    type nat hook postrouting priority srcnat; policy accept;\n" + "    ip saddr " +
                            subnet_.ToString() + " ip daddr != " + subnet_.ToString() + " masquerade\n" + "  }\n" +
                            "}\n";
  PW_TRY(RunTool({"nft", "-f", "-"}, options, kLimit, {rules, {}}));
  return AllowForwarding(names_.bridge(), options);
}

Status LabNetwork::Up(LabState& state, const CallOptions& options) {
  PW_TRY(MakeFolder(folder_, 0700));
  mtu_ = OutgoingMtu(options);
  PW_TRY(ChooseSubnet(state, options));
  PW_TRY(MakeBridge(options));
  PW_TRY(MakeRules(options));
  PW_ASSIGN(const std::string forwarding, ReadFile(kForwardingPath));
  if (forwarding.starts_with('0')) {
    PW_TRY(WriteProc(kForwardingPath, "1"));
    state.enabled_forwarding = true;
  }
  return Ok();
}

Status LabNetwork::Down(LabState& state, const CallOptions& options) {
  for (const auto& tag : Tags()) PW_TRY(Detach(tag, options));
  if (HasLink(names_.bridge())) PW_TRY(RunTool({"ip", "link", "del", "dev", names_.bridge()}, options, kLimit));
  PW_TRY(ForgetForwarding(names_.bridge(), options));
  // Declared first, so that deleting an absent table is no error.
  const std::string table = "table ip " + names_.table() + "\n";
  PW_TRY(RunTool({"nft", "-f", "-"}, options, kLimit, {table + "delete " + table, {}}));
  // Another lab on this host needs it as long as its bridge is there.
  if (state.enabled_forwarding) {
    if (!HasOtherLab()) PW_TRY(WriteProc(kForwardingPath, "0"));
    state.enabled_forwarding = false;
  }
  state.subnet.clear();
  return Ok();
}

Status LabNetwork::Attach(const std::string& tag, const std::string& address, const CallOptions& options) {
  PW_TRY(Detach(tag, options));
  const std::string path = NamespacePath(tag);
  const std::string veth = names_.Veth(tag);
  const std::string mtu = std::to_string(mtu_);
  PW_TRY(ReplaceFile(path, "", 0600));
  PW_TRY(RunTool({"unshare", "--net=" + path, "true"}, options, kLimit));
  PW_TRY(RunTool({"ip", "link", "add", "name", veth, "mtu", mtu, "type", "veth", "peer", "name", "eth0", "mtu", mtu,
                  "netns", path},
                 options, kLimit));
  PW_TRY(RunTool({"ip", "link", "set", "dev", veth, "master", names_.bridge(), "up"}, options, kLimit));
  const std::string inside = "link set dev lo up\naddr add " + address + "/24 dev eth0\nlink set dev eth0 up\n" +
                             "route add default via " + Gateway() + " dev eth0\n";
  PW_TRY(RunTool({"nsenter", "--net=" + path, "ip", "-batch", "-"}, options, kLimit, {inside, {}}));
  return Ok();
}

Status LabNetwork::Detach(const std::string& tag, const CallOptions& options) {
  const std::string path = NamespacePath(tag);
  const std::string veth = names_.Veth(tag);
  if (HasLink(veth)) {
    const auto deleted = RunTool({"ip", "link", "del", "dev", veth}, options, kLimit);
    // The kernel takes it away by itself when the last process in the namespace ends.
    if (!deleted.ok() && HasLink(veth)) return deleted.error();
  }
  while (IsAttached(tag)) {
    if (::umount2(path.c_str(), MNT_DETACH) != 0) return ErrnoError(errno, "unmount " + path);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoError(errno, "remove " + path);
  return Ok();
}

bool LabNetwork::IsAttached(const std::string& tag) const {
  struct statfs info {};
  return ::statfs(NamespacePath(tag).c_str(), &info) == 0 && info.f_type == kNsfsMagic;
}

std::vector<std::string> LabNetwork::Tags() const {
  std::vector<std::string> tags;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    std::string tag = it->path().filename().string();
    if (ValidateTag(tag).ok()) tags.push_back(std::move(tag));
  }
  return tags;
}

}  // namespace podwright::clouds::lab
