#include "agent/drivers/load_balancer/balancer.h"

#include <algorithm>

#include "agent/drivers/load_balancer/backend_watch.h"
#include "agent/drivers/load_balancer/certificate_watch.h"
#include "core/digest.h"
#include "kinds/load_balancer/address_form.h"
#include "kinds/load_balancer/configuration_text.h"
#include "kinds/load_balancer/upstream_text.h"

namespace podwright::drivers::load_balancer {
namespace {

using kinds::BalancerLayout;
using kinds::BalancerSide;
using v1::kinds::LoadBalancerInstanceAction;
using v1::kinds::LoadBalancerKept;
using v1::kinds::LoadBalancerKeptBackend;
using v1::kinds::LoadBalancerObserved;
using v1::kinds::LoadBalancerObservedInstance;

constexpr std::size_t kMaxKeyFile = std::size_t{1} << 20U;
constexpr char kKept[] = "load_balancer";
constexpr char kPackage[] = "package:";
constexpr char kNginx[] = "nginx";
constexpr char kDistributionUnit[] = "nginx.service";
constexpr BalancerSide kSides[] = {BalancerSide::kHttp, BalancerSide::kStreams};

const LoadBalancerKeptBackend& StatesOf(const LoadBalancerKept& kept, BalancerSide side, const std::string& backend) {
  const auto& all = side == BalancerSide::kHttp ? kept.http_backends() : kept.streams_backends();
  const auto found = all.find(backend);
  return found == all.end() ? LoadBalancerKeptBackend::default_instance() : found->second;
}

}  // namespace

LoadBalancerKept KeptOf(const v1::ObjectState& state) {
  LoadBalancerKept kept;
  const auto found = state.kept().find(kKept);
  if (found != state.kept().end() && !kept.ParseFromString(found->second)) kept.Clear();
  return kept;
}

Balancer::Balancer(Environment& environment, v1::ObjectState& state)
    : env_(environment), state_(state), kept_(KeptOf(state)) {}

void Balancer::Keep() {
  (*state_.mutable_kept())[kKept] = EncodeStable(kept_);
}

bool Balancer::Has(BalancerSide side) const {
  return side == BalancerSide::kHttp ? kept_.has_http() : kept_.has_streams();
}

const LoadBalancerInstanceAction& Balancer::Of(BalancerSide side) const {
  return side == BalancerSide::kHttp ? kept_.http() : kept_.streams();
}

InstanceFiles Balancer::FilesOf(const LoadBalancerKept& kept, BalancerSide side, const v1::Dispatch* dispatch) const {
  InstanceFiles files;
  const bool has = side == BalancerSide::kHttp ? kept.has_http() : kept.has_streams();
  if (!has) return files;
  const BalancerLayout layout = kinds::LayoutOf(state_.object().name(), side);
  const LoadBalancerInstanceAction& instance = side == BalancerSide::kHttp ? kept.http() : kept.streams();
  files.texts[layout.configuration] = instance.configuration();
  for (const auto& [backend, upstream] : instance.upstreams()) {
    files.texts[layout.upstreams + "/" + backend + ".conf"] =
        kinds::UpstreamText(backend, upstream, StatesOf(kept, side, backend));
  }
  for (const auto& [name, key] : instance.keys()) {
    const std::string path = layout.keys + "/" + name;
    const auto record = state_.secrets().find(path);
    if (record != state_.secrets().end()) files.keys[path] = record->second.sealed();
    if (dispatch == nullptr) continue;
    for (const v1::SealedSecret& secret : dispatch->secrets()) {
      if (secret.name() == key.secret() && secret.version() == key.version() && secret.key() == key.key()) {
        files.keys[path] = secret;
      }
    }
  }
  return files;
}

Result<std::vector<std::string>> Balancer::Lacking() {
  std::vector<std::string> lacking;
  const std::vector<std::string> needed(kept_.packages().begin(), kept_.packages().end());
  if (needed.empty()) return lacking;
  PW_ASSIGN(const auto installed, env_.host.packages.Installed(needed));
  for (const std::string& name : needed) {
    if (!installed.contains(name)) lacking.push_back(name);
  }
  return lacking;
}

Result<std::vector<std::string>> Balancer::InstallTools(const std::vector<std::string>& packages) {
  std::vector<std::string> installed;
  // nginx first: its modules would bring it along, and it would not be known as ours.
  std::vector<std::string> ordered = packages;
  std::stable_partition(ordered.begin(), ordered.end(), [](const std::string& name) { return name == kNginx; });
  for (const std::string& name : ordered) {
    PW_ASSIGN(const auto present, env_.host.packages.Installed({name}));
    if (present.empty()) {
      PW_TRY(env_.host.packages.Install(name, ""));
      AddManaged(state_, kPackage + name);
      installed.push_back(name);
      if (name == kNginx) {
        // The distribution starts one of its own on port 80. Whoever wants that one installs nginx without us.
        PW_ASSIGN(const auto states, env_.host.units.Show({kDistributionUnit}));
        const host::UnitState& unit = states.begin()->second;
        if (unit.Active() || unit.Failed()) PW_TRY(env_.host.units.Stop(kDistributionUnit));
        if (unit.unit_file_state == "enabled") PW_TRY(env_.host.units.SetEnabled(kDistributionUnit, false));
      }
    }
    InsertSorted(*kept_.mutable_packages(), name);
  }
  return installed;
}

Status Balancer::CheckKeys(const LoadBalancerInstanceAction& wanted, const v1::Dispatch& dispatch) const {
  for (const auto& [name, key] : wanted.keys()) {
    const bool came = std::any_of(dispatch.secrets().begin(), dispatch.secrets().end(), [&](const auto& secret) {
      return secret.name() == key.secret() && secret.version() == key.version() && secret.key() == key.key();
    });
    if (!came) {
      return InvalidArgument("the action came without version " + std::to_string(key.version()) + " of the secret " +
                             key.secret());
    }
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    if (name.empty() || name[0] == '.' || !std::all_of(name.begin(), name.end(), plain)) {
      return InvalidArgument("what came as the name of a key's file is none");
    }
  }
  return Ok();
}

Status Balancer::Configure(BalancerSide side, const LoadBalancerInstanceAction& wanted, const v1::Dispatch& dispatch) {
  PW_TRY(CheckKeys(wanted, dispatch));
  found_.clear();
  Instance instance(env_, state_, side);
  const InstanceFiles before = FilesOf(kept_, side);
  LoadBalancerKept next = kept_;
  (side == BalancerSide::kHttp ? *next.mutable_http() : *next.mutable_streams()) = wanted;
  auto& backends = side == BalancerSide::kHttp ? *next.mutable_http_backends() : *next.mutable_streams_backends();
  const auto known = backends;
  backends.clear();
  for (const auto& [backend, upstream] : wanted.upstreams()) {
    const auto found = known.find(backend);
    backends[backend] = FirstView(upstream, found == known.end() ? LoadBalancerKeptBackend() : found->second);
  }
  PW_TRY(instance.Apply(before, FilesOf(next, side, &dispatch)));
  kept_ = std::move(next);
  return Ok();
}

Status Balancer::RemoveInstance(BalancerSide side) {
  found_.clear();
  PW_TRY(Instance(env_, state_, side).Remove(FilesOf(kept_, side)));
  if (side == BalancerSide::kHttp) {
    kept_.clear_http();
    kept_.clear_http_backends();
  } else {
    kept_.clear_streams();
    kept_.clear_streams_backends();
  }
  return Ok();
}

Status Balancer::Refresh(const LoadBalancerKept& wanted) {
  found_.clear();
  LoadBalancerKept next = kept_;
  *next.mutable_http_backends() = wanted.http_backends();
  *next.mutable_streams_backends() = wanted.streams_backends();
  for (const BalancerSide side : kSides) {
    if (!Has(side)) continue;
    const InstanceFiles before = FilesOf(kept_, side);
    const InstanceFiles after = FilesOf(next, side);
    if (before.texts == after.texts) continue;
    PW_TRY(Instance(env_, state_, side).Refresh(before, after));
  }
  kept_ = std::move(next);
  Keep();
  return Ok();
}

Status Balancer::TakeAway(const std::vector<std::string>& keep_packages, std::vector<std::string>* log) {
  if (kept_.has_shared_address()) {
    PW_TRY(Address().Remove());
    log->push_back("gave the shared address up");
  }
  for (const BalancerSide side : kSides) {
    const BalancerLayout layout = kinds::LayoutOf(state_.object().name(), side);
    if (!IsManaged(state_, layout.side + ":")) continue;
    PW_TRY(RemoveInstance(side));
    log->push_back("took away the nginx of " + layout.side);
  }
  const std::vector<std::string> managed(state_.managed().begin(), state_.managed().end());
  for (const std::string& item : managed) {
    if (!item.starts_with(kPackage)) continue;
    const std::string name = item.substr(std::string(kPackage).size());
    const bool used = std::find(keep_packages.begin(), keep_packages.end(), name) != keep_packages.end();
    PW_ASSIGN(const auto installed, env_.host.packages.Installed({name}));
    if (!used && !installed.empty()) PW_TRY(env_.host.packages.Remove(name));
    DropManaged(state_, item);
    log->push_back((used ? "left package " : "took away package ") + name);
  }
  kept_.clear_packages();
  return Ok();
}

Result<InstanceFound> Balancer::Look(BalancerSide side, const InstanceFiles& files) {
  if (const auto known = found_.find(side); known != found_.end()) return known->second;
  PW_ASSIGN(InstanceFound found, Instance(env_, state_, side).Look(files));
  return found_[side] = std::move(found);
}

// Said is only what is whole: files as they were made, and workers that serve them.
Result<LoadBalancerObservedInstance> Balancer::ObservedInstance(BalancerSide side) {
  LoadBalancerObservedInstance out;
  const InstanceFiles files = FilesOf(kept_, side);
  PW_ASSIGN(const InstanceFound found, Look(side, files));
  out.set_active(found.active);
  out.set_enabled(found.enabled);
  if (!found.generation.empty()) out.set_generation(found.generation);
  const LoadBalancerInstanceAction& instance = Of(side);
  const bool whole = found.differing.empty() && found.active && found.enabled && found.unit_file &&
                     found.generation == Instance::GenerationOf(files) &&
                     files.keys.size() == static_cast<std::size_t>(instance.keys_size());
  if (whole) {
    out.set_configuration(Sha256(instance.configuration()).Hex());
    for (const auto& [backend, upstream] : instance.upstreams()) {
      (*out.mutable_backends())[backend] = kinds::UpstreamDigest(upstream);
    }
  }
  const BalancerLayout layout = kinds::LayoutOf(state_.object().name(), side);
  for (const auto& [name, key] : instance.keys()) {
    auto& seen = (*out.mutable_keys())[name];
    seen.set_secret(key.secret());
    const bool differs = std::binary_search(found.differing.begin(), found.differing.end(), layout.keys + "/" + name);
    seen.set_version(differs ? 0 : key.version());
  }
  return out;
}

void Balancer::ObserveBackends(LoadBalancerObserved& out) const {
  for (const BalancerSide side : kSides) {
    if (!Has(side)) continue;
    for (const auto& [backend, upstream] : Of(side).upstreams()) {
      const LoadBalancerKeptBackend& states = StatesOf(kept_, side, backend);
      auto& seen = (*out.mutable_backends())[backend];
      for (const auto& [name, candidate] : upstream.candidates()) {
        const auto state = states.states().find(name);
        (*seen.mutable_members())[name] =
            candidate.drain() ? "draining" : (state == states.states().end() ? "up" : state->second);
      }
      const std::string& primary = states.primary().empty() ? upstream.role().initial() : states.primary();
      if (upstream.has_role() && !primary.empty()) seen.set_follows(primary);
    }
  }
}

Result<LoadBalancerObserved> Balancer::Observed() {
  LoadBalancerObserved out;
  *out.mutable_managed() = state_.managed();
  *out.mutable_packages() = kept_.packages();
  PW_ASSIGN(const auto lacking, Lacking());
  for (const std::string& name : lacking) out.add_lacking(name);
  if (kept_.has_http()) {
    PW_ASSIGN(*out.mutable_http(), ObservedInstance(BalancerSide::kHttp));
  }
  if (kept_.has_streams()) {
    PW_ASSIGN(*out.mutable_streams(), ObservedInstance(BalancerSide::kStreams));
  }
  PW_ASSIGN(auto address, Address().Look());
  if (address) *out.mutable_shared_address() = *std::move(address);
  PW_TRY(ObserveCertificates(out));
  ObserveBackends(out);
  return out;
}

// The files with a certificate in them; others hold keys alone.
Status Balancer::ObserveCertificates(LoadBalancerObserved& out) {
  const BalancerLayout layout = kinds::LayoutOf(state_.object().name(), BalancerSide::kHttp);
  for (const auto& [name, key] : kept_.http().keys()) {
    const std::string path = layout.keys + "/" + name;
    PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
    if (!stat || stat->type != host::FileType::kFile) continue;
    PW_ASSIGN(std::string pem, env_.host.files.Read(path, kMaxKeyFile));
    if (pem.find("-----BEGIN CERTIFICATE-----") != std::string::npos) {
      (*out.mutable_certificates())[name] = ObserveCertificate(pem, env_.clock.Now());
    }
    std::fill(pem.begin(), pem.end(), '\0');
  }
  return Ok();
}

Status Balancer::CompareInstance(BalancerSide side, std::vector<Drift>& drift) {
  const InstanceFiles files = FilesOf(kept_, side);
  PW_ASSIGN(const InstanceFound found, Look(side, files));
  const std::string item = kinds::LayoutOf(state_.object().name(), side).side + ":";
  const std::string which = "nginx of " + item.substr(0, item.size() - 1);
  if (!found.differing.empty()) {
    drift.push_back(
        {item + "files",
         "the file " + found.differing.front() + " of the " + which + " differs" +
             (found.differing.size() > 1 ? " (and " + std::to_string(found.differing.size() - 1) + " more)" : "")});
  } else if (!found.unit_file) {
    drift.push_back({item + "unit-file", "the unit of the " + which + " differs"});
  }
  if (!found.active) {
    drift.push_back({item + "unit", "the " + which + " is stopped"});
  } else if (!found.enabled) {
    drift.push_back({item + "unit", "the " + which + " is not started at boot"});
  } else if (found.differing.empty() && found.generation != Instance::GenerationOf(files)) {
    drift.push_back({item + "generation", "the " + which + " does not use its configuration"});
  }
  return Ok();
}

Result<std::vector<Drift>> Balancer::Compare() {
  std::vector<Drift> drift;
  PW_ASSIGN(const auto lacking, Lacking());
  for (const std::string& name : lacking) {
    drift.push_back({kPackage + name, "package " + name + " is not installed any more"});
  }
  for (const BalancerSide side : kSides) {
    if (Has(side)) PW_TRY(CompareInstance(side, drift));
  }
  PW_ASSIGN(const auto address, Address().Drift());
  for (const auto& [item, text] : address) drift.push_back({item, text});
  return drift;
}

Status Balancer::Repair(const Drift& drift) {
  found_.clear();
  if (drift.item.starts_with(kPackage)) {
    return env_.host.packages.Install(drift.item.substr(std::string(kPackage).size()), "");
  }
  for (const BalancerSide side : kSides) {
    const std::string prefix = kinds::LayoutOf(state_.object().name(), side).side + ":";
    if (!drift.item.starts_with(prefix)) continue;
    const InstanceFiles files = FilesOf(kept_, side);
    Instance instance(env_, state_, side);
    if (drift.item == prefix + "unit") return instance.Start(files);
    return instance.Apply(files, files);
  }
  return Address().Repair();
}

Watches Balancer::Watched() const {
  Watches watches;
  for (const BalancerSide side : kSides) {
    if (!Has(side)) continue;
    const BalancerLayout layout = kinds::LayoutOf(state_.object().name(), side);
    watches.folders.insert({layout.folder, layout.upstreams, layout.keys, "/etc/systemd/system"});
    watches.units.push_back(layout.unit);
  }
  if (kept_.has_shared_address()) watches.units.push_back(kinds::LoadBalancerUnit(state_.object().name(), "address"));
  return watches;
}

}  // namespace podwright::drivers::load_balancer
