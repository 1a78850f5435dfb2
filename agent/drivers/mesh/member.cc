#include "agent/drivers/mesh/member.h"

#include <algorithm>

#include "agent/drivers/mesh/configuration.h"
#include "agent/drivers/mesh/hosts_block.h"
#include "agent/host/nft_table.h"
#include "core/digest.h"
#include "kinds/mesh/mesh_form.h"

namespace podwright::drivers::mesh {
namespace {

using v1::kinds::MeshObserved;

constexpr char kStateName[] = "mesh";
constexpr char kHosts[] = "/etc/hosts";
constexpr std::size_t kMaxFile = std::size_t{4} << 20U;
constexpr std::int64_t kAnsweredSeconds = 180;

host::FileAttributes Private() {
  return {0600, "root", "root"};
}

}  // namespace

bool Answers(const host::WireguardPeer& peer, Clock& clock) {
  return peer.latest_handshake_unix != 0 &&
         ToUnixMillis(clock.Now()) / 1000 - peer.latest_handshake_unix <= kAnsweredSeconds;
}

Member::Member(Environment& environment, Keys& keys, v1::ObjectState& state)
    : env_(environment), keys_(keys), state_(state) {
  const auto found = state.kept().find(kStateName);
  if (found != state.kept().end() && !kept_.ParseFromString(found->second)) kept_.Clear();
}

void Member::Keep() {
  (*state_.mutable_kept())[kStateName] = kept_.SerializeAsString();
}

Result<std::vector<std::string>> Member::Lacking() {
  const auto capabilities = env_.host.facts.Capabilities();
  std::vector<std::string> needed = {kinds::kWireguardTools};
  const auto wireguard = capabilities.find("wireguard");
  if (wireguard != capabilities.end() && wireguard->second == "userspace") needed.emplace_back(kinds::kWireguardGo);
  if (!capabilities.contains("nftables")) needed.emplace_back("nftables");
  PW_ASSIGN(const auto installed, env_.host.packages.Installed(needed));
  std::vector<std::string> lacking;
  for (const std::string& name : needed) {
    if (!installed.contains(name)) lacking.push_back(name);
  }
  std::sort(lacking.begin(), lacking.end());
  return lacking;
}

Status Member::InstallTools(std::vector<std::string>* installed) {
  if (!env_.host.facts.Capabilities().contains("wireguard")) {
    return Error(ErrorCode::kFailedPrecondition,
                 "this server can do neither the kernel's WireGuard nor wireguard-go: it needs the kernel module "
                 "wireguard, or /dev/net/tun and the right to make interfaces",
                 Retry::kAfterChange);
  }
  PW_ASSIGN(const std::vector<std::string> lacking, Lacking());
  for (const std::string& name : lacking) {
    PW_TRY(env_.host.packages.Install(name, ""));
    AddManaged(state_, "package:" + name);
    installed->push_back(name);
  }
  return Ok();
}

Result<std::string> Member::ReadText(const std::string& path) {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  if (!stat || stat->type != host::FileType::kFile) return std::string();
  return env_.host.files.Read(path, kMaxFile);
}

Result<std::string> Member::ConfigurationText() {
  PW_ASSIGN(const auto key, keys_.Read(mesh(), KeyUse::kCurrent));
  if (!key) return FailedPrecondition("the private key of the mesh " + mesh() + " is not there");
  return Configuration(mesh(), kept_, key->private_key);
}

Status Member::WriteConfiguration() {
  PW_ASSIGN(const std::string text, ConfigurationText());
  return env_.host.files.Write(ConfigurationPath(kept_.interface().interface()), text, Private());
}

Result<std::string> Member::Listing() {
  PW_ASSIGN(const auto listing, env_.host.firewall.Listing(kinds::MeshTable(kept_.rules().interface())));
  return listing ? Sha256(*listing).Hex() : std::string();
}

Result<bool> Member::RulesStand() {
  if (!kept_.has_rules()) return false;
  PW_ASSIGN(const std::string text, kinds::MeshTableText(kept_.rules()));
  PW_ASSIGN(const std::string file, ReadText(RulesPath(kept_.rules().interface())));
  if (file != host::NftReplaceScript(kinds::MeshTable(kept_.rules().interface()), text)) return false;
  PW_ASSIGN(const std::string listing, Listing());
  return !listing.empty() && listing == kept_.rules_listing();
}

Result<bool> Member::NamesStand() {
  if (!kept_.has_names()) return false;
  PW_ASSIGN(const std::string hosts, ReadText(kHosts));
  return FindHostsBlock(hosts, mesh()) == HostsBlock(mesh(), kept_.names());
}

bool Found::HasTools() const {
  return std::find(lacking.begin(), lacking.end(), kinds::kWireguardTools) == lacking.end();
}

Result<Found> Member::Look() {
  Found found;
  PW_ASSIGN(found.lacking, Lacking());
  PW_ASSIGN(found.rules, RulesStand());
  PW_ASSIGN(found.names, NamesStand());
  PW_ASSIGN(found.key, keys_.Read(mesh(), KeyUse::kCurrent));
  PW_ASSIGN(found.next, keys_.Read(mesh(), KeyUse::kNext));
  if (!found.HasTools()) return found;
  if (found.key) {
    PW_ASSIGN(found.public_key, keys_.PublicKeyOf(*found.key));
  }
  if (found.next) {
    PW_ASSIGN(found.next_public_key, keys_.PublicKeyOf(*found.next));
  }
  if (IsMade()) PW_TRY(LookAtInterface(found));
  return found;
}

Status Member::LookAtInterface(Found& found) {
  const std::string& interface = kept_.interface().interface();
  const std::string unit = UnitOf(interface);
  PW_ASSIGN(found.device, env_.host.wireguard.Show(interface));
  PW_ASSIGN(const auto states, env_.host.units.Show({unit}));
  const host::UnitState& state = states.begin()->second;
  found.runs = state.Active() && state.Enabled();
  PW_ASSIGN(const std::string text, ReadText(ConfigurationPath(interface)));
  found.configuration = found.key && text == Configuration(mesh(), kept_, found.key->private_key);
  if (!found.device) return Ok();
  for (const auto& [key, peer] : found.device->peers) found.peers[key] = peer.allowed_ips;
  return Ok();
}

bool Member::InterfaceStands(const Found& found) const {
  return found.device && found.device->public_key == found.public_key && found.device->port == kept_.interface().port();
}

MeshObserved Member::Observed(const Found& found) const {
  MeshObserved out;
  for (const std::string& name : found.lacking) out.add_lacking(name);
  *out.mutable_managed() = state_.managed();
  if (found.rules) out.set_rules(kinds::MeshRulesDigest(kept_.rules()));
  if (found.names) out.set_names(kinds::MeshNamesDigest(kept_.names()));
  if (!found.public_key.empty()) {
    out.set_key_version(found.key->version);
    out.set_public_key(found.public_key);
  }
  if (!found.next_public_key.empty()) {
    out.set_next_key_version(found.next->version);
    out.set_next_public_key(found.next_public_key);
  }
  if (!found.device) return out;
  if (found.runs && found.configuration && InterfaceStands(found)) {
    out.set_interface(kept_.interface().interface());
    out.set_address(kept_.interface().address());
    out.set_port(kept_.interface().port());
  }
  const auto wanted = WantedPeers(kept_);
  std::int64_t reachable = 0;
  for (const auto& [name, peer] : kept_.peers()) {
    const auto there = found.peers.find(peer.public_key());
    if (there == found.peers.end() || there->second != wanted.at(peer.public_key())) continue;
    auto& seen = (*out.mutable_peers())[name];
    seen.set_address(peer.address());
    seen.set_endpoint(peer.endpoint());
    seen.set_keepalive(peer.keepalive_ms());
    seen.set_public_key(peer.public_key());
    if (!peer.next_public_key().empty() && found.peers.contains(peer.next_public_key())) {
      seen.set_next_public_key(peer.next_public_key());
    }
    const host::WireguardPeer& of_device = found.device->peers.at(peer.public_key());
    if (of_device.latest_handshake_unix == 0) continue;
    seen.set_latest_handshake_unix(of_device.latest_handshake_unix);
    if (Answers(of_device, env_.clock)) ++reachable;
  }
  out.set_reachable_peers(reachable);
  return out;
}

// In the order in which things can be brought back.
std::vector<Drift> Member::Compare(const Found& found) const {
  std::vector<Drift> drift;
  const std::string& interface = kept_.interface().interface();
  if (IsMade()) {
    for (const std::string& name : found.lacking) {
      drift.push_back({"package:" + name, "package " + name + " is not installed any more"});
    }
  }
  if (kept_.has_rules() && !found.rules) drift.push_back({"rules:", "the access rules of the mesh differ"});
  if (IsMade() && found.lacking.empty()) {
    if (!found.key) {
      drift.push_back({"key:", "the private key of the mesh is gone: a plan makes another", false});
    } else {
      if (!found.configuration) {
        drift.push_back({"configuration:", "the configuration of " + interface + " differs"});
      }
      if (!found.device) {
        drift.push_back({"interface:", interface + " is down"});
      } else if (!found.runs) {
        drift.push_back({"interface:", "the unit of " + interface + " is stopped or not started at boot"});
      } else if (!InterfaceStands(found) || found.peers != WantedPeers(kept_)) {
        drift.push_back({"peers:", "the peers of " + interface + " differ"});
      }
    }
  }
  if (kept_.has_names() && !found.names) {
    drift.push_back({"names:", "the names of the mesh's members in /etc/hosts differ"});
  }
  return drift;
}

Status Member::Repair(const Drift& drift) {
  if (drift.item.starts_with("package:")) return env_.host.packages.Install(drift.item.substr(8), "");
  if (drift.item == "rules:") return ApplyRules();
  if (drift.item == "configuration:") return WriteConfiguration();
  if (drift.item == "interface:") return BringUp();
  if (drift.item == "peers:") return Push();
  if (drift.item == "names:") return WriteNames();
  return Unimplemented("there is no repair of " + drift.item);
}

Status Member::ApplyRules() {
  const std::string& interface = kept_.rules().interface();
  PW_ASSIGN(const std::string text, kinds::MeshTableText(kept_.rules()));
  const std::string table = kinds::MeshTable(interface);
  AddManaged(state_, "rules:");
  PW_TRY(env_.host.files.Write(RulesPath(interface), host::NftReplaceScript(table, text), Private()));
  PW_TRY(env_.host.firewall.ReplaceTable(table, text));
  PW_ASSIGN(const std::string listing, Listing());
  kept_.set_rules_listing(listing);
  return Ok();
}

Status Member::BringUp() {
  const std::string& interface = kept_.interface().interface();
  PW_ASSIGN(const std::string present, ReadText(ConfigurationPath(interface)));
  if (!present.empty() && !IsManaged(state_, "interface:" + interface) && !IsConfigurationOf(present, mesh())) {
    return Error(ErrorCode::kFailedPrecondition,
                 ConfigurationPath(interface) + " is there and not Podwright's: move it away first",
                 Retry::kAfterChange);
  }
  AddManaged(state_, "interface:" + interface);
  PW_TRY(WriteConfiguration());
  const std::string unit = UnitOf(interface);
  PW_ASSIGN(const auto device, env_.host.wireguard.Show(interface));
  PW_ASSIGN(const auto states, env_.host.units.Show({unit}));
  const host::UnitState& state = states.begin()->second;
  if (!state.Enabled()) PW_TRY(env_.host.units.SetEnabled(unit, true));
  if (device && state.Active()) return Push();
  // Stopping first takes away what a wg-quick that was broken off, or a WireGuard that died, has left.
  if (state.Active()) PW_TRY(env_.host.units.Stop(unit));
  PW_TRY(env_.host.units.Start(unit));
  PW_ASSIGN(const auto after, env_.host.wireguard.Show(interface));
  if (!after) {
    return Error(ErrorCode::kInternal,
                 interface + " is not there after " + unit + " was started; `journalctl -u " + unit + "` says why",
                 Retry::kBackoff);
  }
  return Ok();
}

Status Member::Push() {
  if (!IsMade()) return Ok();
  const std::string& interface = kept_.interface().interface();
  PW_ASSIGN(const auto key, keys_.Read(mesh(), KeyUse::kCurrent));
  if (!key) return FailedPrecondition("the private key of the mesh " + mesh() + " is not there");
  PW_TRY(env_.host.wireguard.SyncConf(interface, SyncText(kept_, key->private_key)));
  return WriteConfiguration();
}

Status Member::WriteNames() {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(kHosts));
  PW_ASSIGN(const std::string before, ReadText(kHosts));
  const std::string after = WithHostsBlock(before, mesh(), HostsBlock(mesh(), kept_.names()));
  if (after == before) return Ok();
  AddManaged(state_, "names:");
  host::FileAttributes attributes;
  if (stat) attributes = {stat->mode, stat->owner, stat->group};
  return env_.host.files.Write(kHosts, after, attributes);
}

Status Member::TakeAway(const std::vector<std::string>& keep_packages, std::vector<std::string>* log) {
  const std::vector<std::string> managed(state_.managed().begin(), state_.managed().end());
  for (const std::string& item : managed) {
    if (!item.starts_with("interface:")) continue;
    const std::string interface = item.substr(10);
    const std::string unit = UnitOf(interface);
    PW_ASSIGN(const auto states, env_.host.units.Show({unit}));
    const host::UnitState& state = states.begin()->second;
    if (state.Active() || state.Failed()) PW_TRY(env_.host.units.Stop(unit));
    if (state.unit_file_state == "enabled") PW_TRY(env_.host.units.SetEnabled(unit, false));
    PW_TRY(env_.host.files.Remove(ConfigurationPath(interface)));
    DropManaged(state_, item);
    log->push_back("took away " + interface);
  }
  kept_.clear_interface();
  kept_.clear_peers();
  if (IsManaged(state_, "rules:")) {
    const std::string table = kinds::MeshTable(kept_.rules().interface());
    PW_ASSIGN(const auto listing, env_.host.firewall.Listing(table));
    if (listing) PW_TRY(env_.host.firewall.RemoveTable(table));
    PW_TRY(env_.host.files.Remove(RulesPath(kept_.rules().interface())));
    DropManaged(state_, "rules:");
    log->push_back("took away the access rules");
  }
  kept_.clear_rules();
  kept_.clear_names();
  if (IsManaged(state_, "names:")) {
    PW_TRY(WriteNames());
    DropManaged(state_, "names:");
    log->push_back("took the names out of /etc/hosts");
  }
  PW_TRY(keys_.Remove(mesh()));
  DropManaged(state_, "key:");
  for (const std::string& item : managed) {
    if (!item.starts_with("package:")) continue;
    const std::string name = item.substr(8);
    const bool used = std::find(keep_packages.begin(), keep_packages.end(), name) != keep_packages.end();
    PW_ASSIGN(const auto installed, env_.host.packages.Installed({name}));
    if (!used && !installed.empty()) PW_TRY(env_.host.packages.Remove(name));
    DropManaged(state_, item);
    log->push_back((used ? "left package " : "took away package ") + name);
  }
  return Ok();
}

}  // namespace podwright::drivers::mesh
