#include "agent/drivers/load_balancer/address.h"

#include "kinds/load_balancer/address_form.h"

namespace podwright::drivers::load_balancer {
namespace {

using v1::kinds::LoadBalancerAddressAction;

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;
constexpr char kSide[] = "address";

Status FillIn(std::string& address, const std::string& server, const v1::Dispatch& dispatch) {
  if (!address.empty()) return Ok();
  const auto found = dispatch.bound().find("peer/" + server);
  if (found == dispatch.bound().end()) {
    return InvalidArgument("the address of the server " + server + " did not come with the action");
  }
  address = found->second;
  return Ok();
}

}  // namespace

std::string AddressHolder::Folder() const {
  return "/etc/podwright/load-balancers/" + state_.object().name() + "/" + kSide;
}
std::string AddressHolder::ConfigurationPath() const {
  return Folder() + "/keepalived.conf";
}
std::string AddressHolder::UnitName() const {
  return kinds::LoadBalancerUnit(state_.object().name(), kSide);
}
std::string AddressHolder::UnitPath() const {
  return "/etc/systemd/system/" + UnitName();
}
std::string AddressHolder::Unit() const {
  return kept_.has_shared_address() ? UnitName() : "";
}

Result<AddressHolder::Texts> AddressHolder::TextsOf(const LoadBalancerAddressAction& action) {
  std::string interface = action.interface();
  if (interface.empty()) interface = env_.host.facts.InterfaceOf(action.own_address());
  if (interface.empty()) {
    return FailedPrecondition("no network interface of this server has the address " + action.own_address() +
                              ": name the one for the shared address in shared_address.interface");
  }
  Texts texts;
  PW_ASSIGN(texts.configuration, kinds::KeepalivedText(state_.object().name(), action, interface));
  texts.unit = kinds::KeepalivedUnitText(state_.object().name(), ConfigurationPath());
  return texts;
}

Result<std::optional<std::string>> AddressHolder::ReadFile(const std::string& path) {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  if (!stat || stat->type != host::FileType::kFile) return std::optional<std::string>();
  PW_ASSIGN(std::string text, env_.host.files.Read(path, kMaxFile));
  return std::optional(std::move(text));
}

Status AddressHolder::Put(const Texts& texts) {
  PW_ASSIGN([[maybe_unused]] const auto made, env_.host.files.MakeFolders(Folder()));
  PW_TRY(env_.host.files.Write(ConfigurationPath(), texts.configuration, {0640, "root", "root"}));
  PW_ASSIGN(const auto unit, ReadFile(UnitPath()));
  if (unit == texts.unit) return Ok();
  PW_TRY(env_.host.files.Write(UnitPath(), texts.unit, {0644, "root", "root"}));
  return env_.host.units.DaemonReload();
}

Status AddressHolder::Use(bool changed) {
  PW_ASSIGN(const auto states, env_.host.units.Show({UnitName()}));
  const host::UnitState& state = states.begin()->second;
  if (!state.Enabled()) PW_TRY(env_.host.units.SetEnabled(UnitName(), true));
  if (!state.Active()) return env_.host.units.Start(UnitName());
  return changed ? env_.host.units.Reload(UnitName()) : Ok();
}

Status AddressHolder::Configure(LoadBalancerAddressAction wanted, const v1::Dispatch& dispatch) {
  PW_TRY(FillIn(*wanted.mutable_own_address(), dispatch.action().server(), dispatch));
  for (auto& [server, address] : *wanted.mutable_peers()) PW_TRY(FillIn(address, server, dispatch));
  PW_ASSIGN(const Texts texts, TextsOf(wanted));
  AddManaged(state_, "file:" + ConfigurationPath());
  AddManaged(state_, "unit:" + UnitName());
  const Status used = [&]() -> Status {
    PW_TRY(Put(texts));
    return Use(true);
  }();
  if (used.ok()) {
    *kept_.mutable_shared_address() = std::move(wanted);
    return used;
  }
  // What keepalived had before goes on; without one nothing half-made stays.
  const Status back = kept_.has_shared_address() ? Repair() : Remove();
  if (back.ok()) return used;
  return Error(used.error().code(),
               used.error().message() + "; and the former one is not back: " + back.error().message(),
               used.error().retry());
}

Status AddressHolder::Remove() {
  PW_ASSIGN(const auto states, env_.host.units.Show({UnitName()}));
  const host::UnitState& state = states.begin()->second;
  if (state.Active() || state.Failed()) PW_TRY(env_.host.units.Stop(UnitName()));
  if (state.Enabled()) PW_TRY(env_.host.units.SetEnabled(UnitName(), false));
  PW_TRY(env_.host.files.Remove(UnitPath()));
  PW_TRY(env_.host.units.DaemonReload());
  PW_TRY(env_.host.files.Remove(ConfigurationPath()));
  PW_TRY(env_.host.files.RemoveEmptyFolder(Folder()));
  kept_.clear_shared_address();
  DropManaged(state_, "file:" + ConfigurationPath());
  DropManaged(state_, "unit:" + UnitName());
  return Ok();
}

Result<bool> AddressHolder::FilesStand() {
  PW_ASSIGN(const Texts texts, TextsOf(kept_.shared_address()));
  PW_ASSIGN(const auto configuration, ReadFile(ConfigurationPath()));
  PW_ASSIGN(const auto unit, ReadFile(UnitPath()));
  return configuration == texts.configuration && unit == texts.unit;
}

Result<std::optional<v1::kinds::LoadBalancerObservedAddress>> AddressHolder::Look() {
  using Found = std::optional<v1::kinds::LoadBalancerObservedAddress>;
  if (!kept_.has_shared_address()) return Found();
  v1::kinds::LoadBalancerObservedAddress found;
  PW_ASSIGN(const auto drift, Drift());
  PW_ASSIGN(const auto states, env_.host.units.Show({UnitName()}));
  found.set_active(states.begin()->second.Active());
  if (drift.empty()) found.set_configuration(kinds::SharedAddressDigest(kept_.shared_address()));
  PW_ASSIGN(const auto shared, kinds::ParseSharedAddress(kept_.shared_address().address()));
  found.set_holds(!env_.host.facts.InterfaceOf(shared.address).empty());
  return Found(std::move(found));
}

Result<std::vector<std::pair<std::string, std::string>>> AddressHolder::Drift() {
  std::vector<std::pair<std::string, std::string>> drift;
  if (!kept_.has_shared_address()) return drift;
  // Without the server's own address nothing can be said about the files; the network comes back by itself.
  const auto stand = FilesStand();
  if (stand.ok() && !*stand) drift.emplace_back("address:files", "keepalived's configuration or unit was changed");
  PW_ASSIGN(const auto states, env_.host.units.Show({UnitName()}));
  const host::UnitState& state = states.begin()->second;
  if (!state.Active()) {
    drift.emplace_back("address:unit", UnitName() + " does not run");
  } else if (!state.Enabled()) {
    drift.emplace_back("address:unit", UnitName() + " is not started at boot");
  }
  return drift;
}

Status AddressHolder::Repair() {
  PW_ASSIGN(const Texts texts, TextsOf(kept_.shared_address()));
  PW_ASSIGN(const bool stand, FilesStand());
  if (!stand) PW_TRY(Put(texts));
  return Use(!stand);
}

}  // namespace podwright::drivers::load_balancer
