// The planner's inputs: immutable, parsed facts of one workspace, and where they are kept.
//
// FactBase holds what is known; FactOverlay answers "what if" over it without touching it. Every Put
// and Remove notes the keys of the facts that changed, so that a planner replans only what reads
// them. docs/architecture.md lists the keys.
//
// Threading: const methods may run together; Put, Remove and Take need the base for themselves, and
// an overlay needs its base unchanged for as long as it lives.
// Ownership: a base owns its inputs; a pointer that it hands out lives until that fact is put or
// removed again. Messages are shared, because an overlay and a base may hold the same ones.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/digest.h"
#include "reconciler/planner/key_index.h"
#include "reconciler/planner/object_key.h"

namespace google::protobuf {
class Message;
}

namespace podwright::planner {

enum class ObjectLifecycle { kLive, kTombstone };

// A desired object. `spec` has its defaults filled in (of defaults_revision) and is never null.
struct ObjectInput {
  ObjectKey key;
  std::string uid;  // "" in a preview of an object that does not exist yet
  std::int64_t generation = 1;
  std::map<std::string, std::string> labels;
  ObjectLifecycle lifecycle = ObjectLifecycle::kLive;
  std::uint32_t defaults_revision = 0;
  std::shared_ptr<const google::protobuf::Message> spec;
  std::shared_ptr<const google::protobuf::Message> declared;  // without defaults; null: the same as `spec`
  Digest spec_digest;                                         // of the spec's canonical bytes
  std::vector<ObjectKey> references;                          // what the spec refers to
};

// What a driver found of one object on one server.
struct ObservedInput {
  ObjectKey object;
  std::string server;
  std::shared_ptr<const google::protobuf::Message> observed;  // never null
  Digest observed_digest;                                     // of the canonical bytes without volatile fields
  std::int64_t confirmed_generation = 0;                      // not part of the fact's digest
  bool drifted = false;                                       // not part of the fact's digest
};

struct AgentInput {
  std::string server;
  std::string version;  // not part of the fact's digest
  std::set<std::string, std::less<>> verbs;
  std::map<std::string, std::string> capabilities;
};

enum class MachineState {
  kIntended,  // written down; whether the cloud made it is not known
  kRunning,
  kDeleting,
  kLost,  // the cloud does not know it any more
};

// The control plane's record of a machine. Region, size and image as the cloud answered, "" where it
// did not: what a spec wants else makes a replacement.
struct MachineInput {
  std::string server;
  std::string cloud;
  std::string region;
  std::string size;
  std::string image;
  std::map<std::string, std::string> sysctls;  // that it was made with
  std::string id;
  std::string tag;  // not part of the fact's digest
  MachineState state = MachineState::kIntended;
};

// What a cloud offers, for refusals at plan time.
struct CloudInput {
  std::string name;
  bool own_kernel = true;  // when not, only the sysctls below can be set
  std::vector<std::string> sysctl_prefixes;
  std::vector<std::string> sysctl_names;

  bool AllowsSysctl(std::string_view key) const;
};

struct SecretInput {
  std::string name;
  std::int64_t version = 0;                                   // 0: there is no value yet
  std::vector<std::string> parts{};                           // of this version, sorted; none: it is one value
  std::map<std::int64_t, std::vector<std::string>> former{};  // older versions that are kept, with their parts

  // Null: there is no such version.
  const std::vector<std::string>* PartsOf(std::int64_t of_version) const;
};

// What was decided once for an object and stays so (addresses of a mesh): the kind's own message.
struct AllocationInput {
  ObjectKey object;
  std::shared_ptr<const google::protobuf::Message> value;  // never null
};

// Who refers to an object.
struct Referrer {
  ObjectKey key;
  ObjectLifecycle lifecycle = ObjectLifecycle::kLive;
  auto operator<=>(const Referrer&) const = default;
};

std::string ObjectFactKey(const ObjectKey& key);                                // "object/server/web-1"
std::string ObservedFactKey(const ObjectKey& object, std::string_view server);  // "observed/server/web-1@web-1"
std::string ObservedRangeKey(const ObjectKey& object);                          // "range/observed/server/web-1@"
std::string AgentFactKey(std::string_view server);
std::string MachineFactKey(std::string_view server);
std::string SecretFactKey(std::string_view name);                        // "secret/orders"
std::string SecretFactKey(std::string_view name, std::int64_t version);  // "secret/orders@3"
std::string CloudFactKey(std::string_view name);
std::string ReferrersFactKey(const ObjectKey& key);
std::string AllocationFactKey(const ObjectKey& object);  // "allocation/mesh/prod"

// Digests of the facts as slices record them.
Digest FactDigest(const ObjectInput& input);
Digest FactDigest(const AgentInput& input);
Digest FactDigest(const MachineInput& input);
Digest FactDigest(const SecretInput& input);  // of its current version
Digest FactDigest(const CloudInput& input);
Digest FactDigest(const std::vector<Referrer>& referrers);
Digest FactDigest(const AllocationInput& input);

// The keys of the facts that differ; `before` null: there was none.
std::set<std::string> ChangedSecretKeys(const SecretInput* before, const SecretInput& after);

// One stored fact with its digest.
template <typename Input>
struct Fact {
  Digest digest;
  Input input;
};

// The reading side. A missing fact is nullptr.
class Facts {
 public:
  virtual ~Facts() = default;
  virtual const Fact<ObjectInput>* FindObject(const ObjectKey& key) const = 0;
  virtual const Fact<ObservedInput>* FindObserved(const ObjectKey& object, std::string_view server) const = 0;
  virtual const Fact<AgentInput>* FindAgent(std::string_view server) const = 0;
  virtual const Fact<MachineInput>* FindMachine(std::string_view server) const = 0;
  virtual const Fact<SecretInput>* FindSecret(std::string_view name) const = 0;
  virtual const Fact<CloudInput>* FindCloud(std::string_view name) const = 0;
  virtual const Fact<AllocationInput>* FindAllocation(const ObjectKey& object) const = 0;
  // Live objects and tombstones that refer to `key`, sorted.
  virtual std::vector<Referrer> ReferrersOf(const ObjectKey& key) const = 0;
  // All objects, sorted by key.
  virtual std::vector<const Fact<ObjectInput>*> Objects() const = 0;
  // What was observed of an object, by server.
  virtual std::vector<const Fact<ObservedInput>*> ObservedOf(const ObjectKey& object) const = 0;
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

class FactBase final : public Facts {
 public:
  FactBase() = default;
  FactBase(const FactBase&) = delete;
  FactBase& operator=(const FactBase&) = delete;

  // Each notes the keys that changed; putting an equal fact changes nothing.
  void PutObject(ObjectInput input);
  void RemoveObject(const ObjectKey& key);
  void PutObserved(ObservedInput input);
  void RemoveObserved(const ObjectKey& object, std::string_view server);
  void PutAgent(AgentInput input);
  void RemoveAgent(std::string_view server);
  void PutMachine(MachineInput input);
  void RemoveMachine(std::string_view server);
  void PutSecret(SecretInput input);
  void RemoveSecret(std::string_view name);
  void PutCloud(CloudInput input);
  void PutAllocation(AllocationInput input);
  void RemoveAllocation(const ObjectKey& object);

  // The keys that changed since the last call, sorted.
  std::vector<std::string> TakeChangedKeys();

  const Fact<ObjectInput>* FindObject(const ObjectKey& key) const override;
  const Fact<ObservedInput>* FindObserved(const ObjectKey& object, std::string_view server) const override;
  const Fact<AgentInput>* FindAgent(std::string_view server) const override;
  const Fact<MachineInput>* FindMachine(std::string_view server) const override;
  const Fact<SecretInput>* FindSecret(std::string_view name) const override;
  const Fact<CloudInput>* FindCloud(std::string_view name) const override;
  const Fact<AllocationInput>* FindAllocation(const ObjectKey& object) const override;
  std::vector<Referrer> ReferrersOf(const ObjectKey& key) const override;
  std::vector<const Fact<ObjectInput>*> Objects() const override;
  std::vector<const Fact<ObservedInput>*> ObservedOf(const ObjectKey& object) const override;

 private:
  void Changed(std::string key) { changed_.insert(std::move(key)); }
  void Link(const ObjectInput& input);
  void Unlink(const ObjectInput& input);

  std::map<ObjectKey, Fact<ObjectInput>> objects_;
  KeyIndex<const Fact<ObjectInput>*> found_;  // into objects_
  std::unordered_map<ObjectKey, std::map<std::string, Fact<ObservedInput>, std::less<>>, ObjectKeyHash> observed_;
  StringMap<Fact<AgentInput>> agents_;
  StringMap<Fact<MachineInput>> machines_;
  StringMap<Fact<SecretInput>> secrets_;
  StringMap<Fact<CloudInput>> clouds_;
  std::map<ObjectKey, Fact<AllocationInput>> allocations_;
  std::unordered_map<ObjectKey, std::set<Referrer>, ObjectKeyHash> referrers_;
  std::set<std::string> changed_;
};

// "What if these were put and removed": answers as the base would.
class FactOverlay final : public Facts {
 public:
  explicit FactOverlay(const FactBase& base) : base_(base) {}

  void PutObject(ObjectInput input);
  void RemoveObject(const ObjectKey& key);
  void PutObserved(ObservedInput input);
  // The version that an apply would make: of a new value, or a generator's first.
  void PutSecret(SecretInput input);
  // The record that an apply would write.
  void PutAllocation(AllocationInput input);

  const FactBase& base() const { return base_; }
  // The keys that differ from the base, sorted.
  std::vector<std::string> ChangedKeys() const;

  const Fact<ObjectInput>* FindObject(const ObjectKey& key) const override;
  const Fact<ObservedInput>* FindObserved(const ObjectKey& object, std::string_view server) const override;
  const Fact<AgentInput>* FindAgent(std::string_view server) const override;
  const Fact<MachineInput>* FindMachine(std::string_view server) const override;
  const Fact<SecretInput>* FindSecret(std::string_view name) const override;
  const Fact<CloudInput>* FindCloud(std::string_view name) const override;
  const Fact<AllocationInput>* FindAllocation(const ObjectKey& object) const override;
  std::vector<Referrer> ReferrersOf(const ObjectKey& key) const override;
  std::vector<const Fact<ObjectInput>*> Objects() const override;
  std::vector<const Fact<ObservedInput>*> ObservedOf(const ObjectKey& object) const override;

 private:
  std::set<Referrer>& ReferrersHere(const ObjectKey& target);
  void Unlink(const ObjectKey& key);

  const FactBase& base_;
  std::map<ObjectKey, std::optional<Fact<ObjectInput>>> objects_;  // empty: removed
  std::map<ObjectKey, std::map<std::string, Fact<ObservedInput>, std::less<>>> observed_;
  std::map<std::string, Fact<SecretInput>, std::less<>> secrets_;
  std::map<ObjectKey, Fact<AllocationInput>> allocations_;
  std::map<ObjectKey, std::set<Referrer>> referrers_;  // of those targets whose referrers may differ
  std::set<std::string> changed_;
};

}  // namespace podwright::planner
