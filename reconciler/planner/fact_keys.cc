#include <algorithm>

#include "kinds/canonical.h"
#include "reconciler/planner/encoding.h"
#include "reconciler/planner/facts.h"

namespace podwright::planner {

namespace {
std::string Join(std::string_view range, std::string_view first, std::string_view second) {
  std::string out;
  out.reserve(range.size() + first.size() + second.size() + 1);
  out.append(range).append(first);
  if (!second.empty()) out.append("/").append(second);
  return out;
}
}  // namespace

std::string ObjectFactKey(const ObjectKey& key) {
  return Join("object/", key.kind, key.name);
}
std::string ObservedFactKey(const ObjectKey& object, std::string_view server) {
  return Join("observed/", object.kind, object.name).append("@").append(server);
}
std::string ObservedRangeKey(const ObjectKey& object) {
  return Join("range/observed/", object.kind, object.name).append("@");
}
std::string AgentFactKey(std::string_view server) {
  return Join("agent/", server, "");
}
std::string MachineFactKey(std::string_view server) {
  return Join("machine/", server, "");
}
std::string SecretFactKey(std::string_view name) {
  return Join("secret/", name, "");
}
std::string SecretFactKey(std::string_view name, std::int64_t version) {
  return SecretFactKey(name).append("@").append(std::to_string(version));
}
std::string CloudFactKey(std::string_view name) {
  return Join("cloud/", name, "");
}
std::string ReferrersFactKey(const ObjectKey& key) {
  return Join("referrers/", key.kind, key.name);
}

std::string AllocationFactKey(const ObjectKey& object) {
  return Join("allocation/", object.kind, object.name);
}

namespace {
void AddMap(Encoder& encoder, const std::map<std::string, std::string>& map) {
  encoder.Number(map.size());
  for (const auto& [key, value] : map) encoder.Text(key).Text(value);
}
}  // namespace

Digest FactDigest(const ObjectInput& input) {
  Encoder encoder("object");
  encoder.Text(input.key.kind).Text(input.key.name).Text(input.spec_digest.View());
  encoder.Number(input.lifecycle).Number(input.defaults_revision);
  AddMap(encoder, input.labels);
  return encoder.Hash();
}

Digest FactDigest(const AgentInput& input) {
  Encoder encoder("agent");
  encoder.Number(input.verbs.size());
  for (const std::string& verb : input.verbs) encoder.Text(verb);
  AddMap(encoder, input.capabilities);
  return encoder.Hash();
}

Digest FactDigest(const MachineInput& input) {
  Encoder encoder("machine");
  encoder.Text(input.cloud).Text(input.region).Text(input.size).Text(input.image).Text(input.id);
  encoder.Number(input.state);
  AddMap(encoder, input.sysctls);
  return encoder.Hash();
}

Digest FactDigest(const SecretInput& input) {
  Encoder encoder("secret");
  encoder.Number(input.version);
  for (const std::string& part : input.parts) encoder.Text(part);
  return encoder.Hash();
}

const std::vector<std::string>* SecretInput::PartsOf(std::int64_t of_version) const {
  if (of_version == version && version > 0) return &parts;
  const auto it = former.find(of_version);
  return it == former.end() ? nullptr : &it->second;
}

std::set<std::string> ChangedSecretKeys(const SecretInput* before, const SecretInput& after) {
  std::set<std::string> keys;
  if (before == nullptr || FactDigest(*before) != FactDigest(after)) keys.insert(SecretFactKey(after.name));
  std::set<std::int64_t> versions;
  for (const SecretInput* input : {before, &after}) {
    if (input == nullptr) continue;
    versions.insert(input->version);
    for (const auto& [version, parts] : input->former) versions.insert(version);
  }
  for (const std::int64_t version : versions) {
    const auto* was = before == nullptr ? nullptr : before->PartsOf(version);
    const auto* is = after.PartsOf(version);
    const bool same = (was == nullptr) == (is == nullptr) && (was == nullptr || *was == *is);
    if (!same) keys.insert(SecretFactKey(after.name, version));
  }
  return keys;
}

Digest FactDigest(const CloudInput& input) {
  Encoder encoder("cloud");
  encoder.Number(input.own_kernel).Number(input.sysctl_prefixes.size());
  for (const std::string& prefix : input.sysctl_prefixes) encoder.Text(prefix);
  for (const std::string& name : input.sysctl_names) encoder.Text(name);
  return encoder.Hash();
}

bool CloudInput::AllowsSysctl(std::string_view key) const {
  return own_kernel || std::find(sysctl_names.begin(), sysctl_names.end(), key) != sysctl_names.end() ||
         std::any_of(sysctl_prefixes.begin(), sysctl_prefixes.end(),
                     [key](const std::string& prefix) { return key.starts_with(prefix); });
}

Digest FactDigest(const AllocationInput& input) {
  return Encoder("allocation").Text(kinds::CanonicalBytes(*input.value)).Hash();
}

Digest FactDigest(const std::vector<Referrer>& referrers) {
  Encoder encoder("referrers");
  for (const Referrer& referrer : referrers) {
    encoder.Text(referrer.key.kind).Text(referrer.key.name).Number(referrer.lifecycle);
  }
  return encoder.Hash();
}

}  // namespace podwright::planner
