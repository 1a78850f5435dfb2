#include "reconciler/planner/facts.h"

namespace podwright::planner {

namespace {

template <typename Map, typename Key>
auto FindIn(const Map& map, const Key& key) -> decltype(&map.begin()->second) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

// Whether the slice of the object itself has to be made again.
bool SameObject(const Fact<ObjectInput>& a, const Fact<ObjectInput>& b) {
  return a.digest == b.digest && a.input.uid == b.input.uid && a.input.generation == b.input.generation &&
         a.input.references == b.input.references;
}

}  // namespace

void FactBase::Link(const ObjectInput& input) {
  for (const ObjectKey& target : input.references) {
    if (referrers_[target].insert({input.key, input.lifecycle}).second) Changed(ReferrersFactKey(target));
  }
}

void FactBase::Unlink(const ObjectInput& input) {
  for (const ObjectKey& target : input.references) {
    const auto it = referrers_.find(target);
    if (it == referrers_.end() || it->second.erase({input.key, input.lifecycle}) == 0) continue;
    Changed(ReferrersFactKey(target));
    if (it->second.empty()) referrers_.erase(it);
  }
}

void FactBase::PutObject(ObjectInput input) {
  Fact<ObjectInput> fact{{}, std::move(input)};
  fact.digest = FactDigest(fact.input);
  const auto it = objects_.find(fact.input.key);
  if (it == objects_.end()) {
    Changed(ObjectFactKey(fact.input.key));
    Link(fact.input);
    ObjectKey key = fact.input.key;
    const auto placed = objects_.emplace(std::move(key), std::move(fact)).first;
    found_.Insert(&placed->first, &placed->second);
    return;
  }
  if (SameObject(it->second, fact)) return;
  Changed(ObjectFactKey(fact.input.key));
  const ObjectInput& old = it->second.input;
  if (old.references != fact.input.references || old.lifecycle != fact.input.lifecycle) {
    Unlink(old);
    Link(fact.input);
  }
  it->second = std::move(fact);
}

void FactBase::RemoveObject(const ObjectKey& key) {
  const auto it = objects_.find(key);
  if (it == objects_.end()) return;
  Changed(ObjectFactKey(key));
  Unlink(it->second.input);
  found_.Erase(key);
  objects_.erase(it);
}

void FactBase::PutObserved(ObservedInput input) {
  auto& of_object = observed_[input.object];
  const auto it = of_object.find(input.server);
  if (it == of_object.end()) Changed(ObservedRangeKey(input.object));
  if (it == of_object.end() || it->second.digest != input.observed_digest) {
    Changed(ObservedFactKey(input.object, input.server));
  }
  const Digest digest = input.observed_digest;
  std::string server = input.server;
  of_object.insert_or_assign(std::move(server), Fact<ObservedInput>{digest, std::move(input)});
}

void FactBase::RemoveObserved(const ObjectKey& object, std::string_view server) {
  const auto of_object = observed_.find(object);
  if (of_object == observed_.end()) return;
  const auto it = of_object->second.find(server);
  if (it == of_object->second.end()) return;
  Changed(ObservedRangeKey(object));
  Changed(ObservedFactKey(object, server));
  of_object->second.erase(it);
  if (of_object->second.empty()) observed_.erase(of_object);
}

void FactBase::PutAgent(AgentInput input) {
  const Digest digest = FactDigest(input);
  const auto it = agents_.find(input.server);
  if (it == agents_.end() || it->second.digest != digest) Changed(AgentFactKey(input.server));
  std::string server = input.server;
  agents_.insert_or_assign(std::move(server), Fact<AgentInput>{digest, std::move(input)});
}

void FactBase::RemoveAgent(std::string_view server) {
  const auto it = agents_.find(server);
  if (it == agents_.end()) return;
  Changed(AgentFactKey(server));
  agents_.erase(it);
}

void FactBase::PutMachine(MachineInput input) {
  const Digest digest = FactDigest(input);
  const auto it = machines_.find(input.server);
  if (it == machines_.end() || it->second.digest != digest) Changed(MachineFactKey(input.server));
  std::string server = input.server;
  machines_.insert_or_assign(std::move(server), Fact<MachineInput>{digest, std::move(input)});
}

void FactBase::RemoveMachine(std::string_view server) {
  const auto it = machines_.find(server);
  if (it == machines_.end()) return;
  Changed(MachineFactKey(server));
  machines_.erase(it);
}

void FactBase::PutSecret(SecretInput input) {
  const Digest digest = FactDigest(input);
  const auto it = secrets_.find(input.name);
  changed_.merge(ChangedSecretKeys(it == secrets_.end() ? nullptr : &it->second.input, input));
  std::string name = input.name;
  secrets_.insert_or_assign(std::move(name), Fact<SecretInput>{digest, std::move(input)});
}

void FactBase::RemoveSecret(std::string_view name) {
  const auto it = secrets_.find(name);
  if (it == secrets_.end()) return;
  SecretInput none;
  none.name = it->first;
  Changed(SecretFactKey(name));
  changed_.merge(ChangedSecretKeys(&it->second.input, none));
  secrets_.erase(it);
}

void FactBase::PutCloud(CloudInput input) {
  const Digest digest = FactDigest(input);
  const auto it = clouds_.find(input.name);
  if (it == clouds_.end() || it->second.digest != digest) Changed(CloudFactKey(input.name));
  std::string name = input.name;
  clouds_.insert_or_assign(std::move(name), Fact<CloudInput>{digest, std::move(input)});
}

void FactBase::PutAllocation(AllocationInput input) {
  const Digest digest = FactDigest(input);
  const auto it = allocations_.find(input.object);
  if (it == allocations_.end() || it->second.digest != digest) Changed(AllocationFactKey(input.object));
  ObjectKey key = input.object;
  allocations_.insert_or_assign(std::move(key), Fact<AllocationInput>{digest, std::move(input)});
}

void FactBase::RemoveAllocation(const ObjectKey& object) {
  if (allocations_.erase(object) > 0) Changed(AllocationFactKey(object));
}

std::vector<std::string> FactBase::TakeChangedKeys() {
  std::vector<std::string> keys(changed_.begin(), changed_.end());
  changed_.clear();
  return keys;
}

const Fact<ObjectInput>* FactBase::FindObject(const ObjectKey& key) const {
  const Fact<ObjectInput>* const* found = found_.Find(key);
  return found == nullptr ? nullptr : *found;
}

const Fact<ObservedInput>* FactBase::FindObserved(const ObjectKey& object, std::string_view server) const {
  const auto* of_object = FindIn(observed_, object);
  return of_object == nullptr ? nullptr : FindIn(*of_object, server);
}

const Fact<AgentInput>* FactBase::FindAgent(std::string_view server) const {
  return FindIn(agents_, server);
}
const Fact<MachineInput>* FactBase::FindMachine(std::string_view server) const {
  return FindIn(machines_, server);
}
const Fact<SecretInput>* FactBase::FindSecret(std::string_view name) const {
  return FindIn(secrets_, name);
}

const Fact<CloudInput>* FactBase::FindCloud(std::string_view name) const {
  return FindIn(clouds_, name);
}

const Fact<AllocationInput>* FactBase::FindAllocation(const ObjectKey& object) const {
  return FindIn(allocations_, object);
}

std::vector<Referrer> FactBase::ReferrersOf(const ObjectKey& key) const {
  const auto* referrers = FindIn(referrers_, key);
  return referrers == nullptr ? std::vector<Referrer>() : std::vector<Referrer>(referrers->begin(), referrers->end());
}

std::vector<const Fact<ObjectInput>*> FactBase::Objects() const {
  std::vector<const Fact<ObjectInput>*> out;
  out.reserve(objects_.size());
  for (const auto& [key, fact] : objects_) out.push_back(&fact);
  return out;
}

std::vector<const Fact<ObservedInput>*> FactBase::ObservedOf(const ObjectKey& object) const {
  std::vector<const Fact<ObservedInput>*> out;
  if (const auto* of_object = FindIn(observed_, object)) {
    for (const auto& [server, fact] : *of_object) out.push_back(&fact);
  }
  return out;
}

}  // namespace podwright::planner
