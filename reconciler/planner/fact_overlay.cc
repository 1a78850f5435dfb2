#include "reconciler/planner/facts.h"

namespace podwright::planner {

// The base's referrers of `target`, copied here when they change for the first time.
std::set<Referrer>& FactOverlay::ReferrersHere(const ObjectKey& target) {
  const auto [it, fresh] = referrers_.try_emplace(target);
  if (fresh) {
    for (Referrer& referrer : base_.ReferrersOf(target)) it->second.insert(std::move(referrer));
  }
  return it->second;
}

void FactOverlay::Unlink(const ObjectKey& key) {
  const Fact<ObjectInput>* old = FindObject(key);
  if (old == nullptr) return;
  for (const ObjectKey& target : old->input.references) {
    ReferrersHere(target).erase({key, old->input.lifecycle});
    changed_.insert(ReferrersFactKey(target));
  }
}

void FactOverlay::PutObject(ObjectInput input) {
  Unlink(input.key);
  for (const ObjectKey& target : input.references) {
    ReferrersHere(target).insert({input.key, input.lifecycle});
    changed_.insert(ReferrersFactKey(target));
  }
  changed_.insert(ObjectFactKey(input.key));
  const Digest digest = FactDigest(input);
  ObjectKey key = input.key;
  objects_.insert_or_assign(std::move(key), Fact<ObjectInput>{digest, std::move(input)});
}

void FactOverlay::RemoveObject(const ObjectKey& key) {
  Unlink(key);
  changed_.insert(ObjectFactKey(key));
  objects_.insert_or_assign(key, std::nullopt);
}

void FactOverlay::PutObserved(ObservedInput input) {
  if (FindObserved(input.object, input.server) == nullptr) changed_.insert(ObservedRangeKey(input.object));
  changed_.insert(ObservedFactKey(input.object, input.server));
  const Digest digest = input.observed_digest;
  auto& of_object = observed_[input.object];
  std::string server = input.server;
  of_object.insert_or_assign(std::move(server), Fact<ObservedInput>{digest, std::move(input)});
}

void FactOverlay::PutSecret(SecretInput input) {
  const Fact<SecretInput>* before = FindSecret(input.name);
  changed_.merge(ChangedSecretKeys(before == nullptr ? nullptr : &before->input, input));
  const Digest digest = FactDigest(input);
  std::string name = input.name;
  secrets_.insert_or_assign(std::move(name), Fact<SecretInput>{digest, std::move(input)});
}

void FactOverlay::PutAllocation(AllocationInput input) {
  const Digest digest = FactDigest(input);
  const Fact<AllocationInput>* before = FindAllocation(input.object);
  if (before == nullptr || before->digest != digest) changed_.insert(AllocationFactKey(input.object));
  ObjectKey key = input.object;
  allocations_.insert_or_assign(std::move(key), Fact<AllocationInput>{digest, std::move(input)});
}

std::vector<std::string> FactOverlay::ChangedKeys() const {
  return {changed_.begin(), changed_.end()};
}

const Fact<ObjectInput>* FactOverlay::FindObject(const ObjectKey& key) const {
  const auto it = objects_.find(key);
  if (it == objects_.end()) return base_.FindObject(key);
  return it->second.has_value() ? &*it->second : nullptr;
}

const Fact<ObservedInput>* FactOverlay::FindObserved(const ObjectKey& object, std::string_view server) const {
  if (const auto of_object = observed_.find(object); of_object != observed_.end()) {
    if (const auto it = of_object->second.find(server); it != of_object->second.end()) return &it->second;
  }
  return base_.FindObserved(object, server);
}

const Fact<AgentInput>* FactOverlay::FindAgent(std::string_view server) const {
  return base_.FindAgent(server);
}
const Fact<MachineInput>* FactOverlay::FindMachine(std::string_view server) const {
  return base_.FindMachine(server);
}

const Fact<CloudInput>* FactOverlay::FindCloud(std::string_view name) const {
  return base_.FindCloud(name);
}

const Fact<SecretInput>* FactOverlay::FindSecret(std::string_view name) const {
  const auto it = secrets_.find(name);
  return it == secrets_.end() ? base_.FindSecret(name) : &it->second;
}

const Fact<AllocationInput>* FactOverlay::FindAllocation(const ObjectKey& object) const {
  const auto it = allocations_.find(object);
  return it == allocations_.end() ? base_.FindAllocation(object) : &it->second;
}

std::vector<Referrer> FactOverlay::ReferrersOf(const ObjectKey& key) const {
  const auto it = referrers_.find(key);
  if (it == referrers_.end()) return base_.ReferrersOf(key);
  return {it->second.begin(), it->second.end()};
}

std::vector<const Fact<ObjectInput>*> FactOverlay::Objects() const {
  std::vector<const Fact<ObjectInput>*> out;
  auto here = objects_.begin();
  const auto add_here_until = [&](const ObjectKey* key) {
    for (; here != objects_.end() && (key == nullptr || here->first <= *key); ++here) {
      if (here->second.has_value()) out.push_back(&*here->second);
    }
  };
  for (const Fact<ObjectInput>* fact : base_.Objects()) {
    add_here_until(&fact->input.key);
    if (!objects_.contains(fact->input.key)) out.push_back(fact);
  }
  add_here_until(nullptr);
  return out;
}

std::vector<const Fact<ObservedInput>*> FactOverlay::ObservedOf(const ObjectKey& object) const {
  std::vector<const Fact<ObservedInput>*> out = base_.ObservedOf(object);
  const auto of_object = observed_.find(object);
  if (of_object == observed_.end()) return out;
  std::map<std::string_view, const Fact<ObservedInput>*> by_server;
  for (const Fact<ObservedInput>* fact : out) by_server[fact->input.server] = fact;
  for (const auto& [server, fact] : of_object->second) by_server[server] = &fact;
  out.clear();
  for (const auto& [server, fact] : by_server) out.push_back(fact);
  return out;
}

}  // namespace podwright::planner
